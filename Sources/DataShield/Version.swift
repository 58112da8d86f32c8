/// The program's version, by Semantic Versioning. It is told here and nowhere else; `make lint` compares it with the changelog.
package enum Version {
    package static let current = "0.2.0"
}
