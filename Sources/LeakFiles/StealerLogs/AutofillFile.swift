/// Files of what browsers fill in by themselves: `name: value`, `name<TAB>value`, `name value`, and records of `Name:` and `Value:`.
enum AutofillFile {
    struct Entry {
        /// The form or its address, where the file says so.
        var form: ByteView
        var name: ByteView
        var value: ByteView
    }

    /// Hands over every entry of a file, in order.
    static func read(_ text: ByteView, body: (Entry) -> Void) {
        var lines = LineReader(text.withoutMarks)
        var form = ByteView.empty
        var name = ByteView.empty
        while let line = lines.next() {
            let line = line.trimmed
            guard !line.isEmpty, line.count <= 16 * 1024 else {
                form = .empty
                name = .empty
                continue
            }
            let tab = line.firstIndex(of: ByteView.tab)
            guard
                let mark = tab ?? line.firstIndex(of: ByteView.colon) ?? line.firstIndex(of: UInt8(ascii: "=")) ?? line.firstIndex(of: ByteView.blank)
            else {
                // A value alone: of those only addresses say what they are.
                if line.contains(ByteView.at) { body(Entry(form: form, name: name, value: line)) }
                continue
            }
            let label = line.upTo(mark).trimmed
            let value = line.from(mark + 1).trimmed
            if label.equals("form") || label.equals("url") || label.equals("form url") || label.equals("site") {
                form = value
            } else if label.equals("name") {
                name = value
            } else if label.equals("value"), tab == nil {
                body(Entry(form: form, name: name, value: value))
                name = .empty
            } else {
                body(Entry(form: .empty, name: label, value: value))
            }
        }
    }
}
