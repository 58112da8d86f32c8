/// How a person is called: "Jane Doe", or the address of somebody without a name.
enum PersonName {
    static func of(first: String, last: String, email: String) -> String {
        switch (first.isEmpty, last.isEmpty) {
        case (false, false): first + " " + last
        case (false, true): first
        case (true, false): last
        case (true, true): email
        }
    }
}
