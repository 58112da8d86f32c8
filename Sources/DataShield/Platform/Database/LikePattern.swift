import Scalars

/// Patterns of LIKE in which nothing that a person typed is special.
enum LikePattern {
    static func containing(_ text: String) -> String {
        "%" + text.escaping("\\", "%", "_") + "%"
    }
}
