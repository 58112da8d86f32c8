/// The staff of a company that does not exist: always the same 250 people in ten departments. Names are drawn from lists and belong
/// to nobody.
package enum DemoCompany {
    package static let name = "Acme"
    package static let domain = "acme.example"

    package struct Person: Sendable, Equatable {
        package let email: String
        package let firstName: String
        package let lastName: String
        package let department: String
        package let title: String

        /// The part of the address before the `@`.
        package var alias: String { String(email.prefix { $0 != "@" }) }
    }

    /// Everybody, in an order that never changes.
    package static let people: [Person] = makePeople(250)

    /// The staff list as CSV, as a directory would export it.
    package static func csv(_ people: [Person] = people) -> String {
        var lines = ["Email,First name,Last name,Department,Title"]
        lines += people.map { "\($0.email),\($0.firstName),\($0.lastName),\(quoted($0.department)),\(quoted($0.title))" }
        return lines.joined(separator: "\r\n") + "\r\n"
    }

    private static func quoted(_ text: String) -> String {
        text.contains(",") ? "\"\(text)\"" : text
    }

    /// Any number of people, for benchmarks; the first 250 are those of the demo.
    package static func makePeople(_ count: Int, domain: String = domain) -> [Person] {
        var numbers = SeededNumbers(seed: 7, text: "staff")
        var taken: [String: Int] = [:]
        let total = departments.reduce(0) { $0 + $1.share }
        return (0..<count).map { _ in
            let first = firstNames[numbers.below(firstNames.count)]
            let last = lastNames[numbers.below(lastNames.count)]
            var place = numbers.below(total)
            let department =
                departments.first { entry in
                    place -= entry.share
                    return place < 0
                } ?? departments[0]
            let title = department.titles[numbers.below(department.titles.count)]
            let plain = "\(first.plain).\(last.plain)"
            let number = taken[plain, default: 0] + 1
            taken[plain] = number
            let alias = number == 1 ? plain : "\(plain)\(number)"
            return Person(
                email: "\(alias)@\(domain)", firstName: first.name, lastName: last.name, department: department.name, title: title)
        }
    }

    private struct Department: Sendable {
        let name: String
        /// How large it is, compared with the others.
        let share: Int
        let titles: [String]
    }

    private static let departments = [
        Department(
            name: "Engineering", share: 24,
            titles: ["Software Engineer", "Senior Software Engineer", "Engineering Manager", "Site Reliability Engineer", "QA Engineer"]),
        Department(
            name: "Sales", share: 18, titles: ["Account Executive", "Sales Development Representative", "Regional Sales Director", "Sales Engineer"]),
        Department(name: "Customer Support", share: 14, titles: ["Support Specialist", "Support Engineer", "Team Lead, Support"]),
        Department(name: "Operations", share: 11, titles: ["Operations Analyst", "Logistics Coordinator", "Procurement Manager"]),
        Department(name: "Marketing", share: 9, titles: ["Content Strategist", "Product Marketing Manager", "Graphic Designer"]),
        Department(name: "Product", share: 7, titles: ["Product Manager", "Product Designer", "User Researcher"]),
        Department(name: "Finance", share: 6, titles: ["Accountant", "Financial Analyst", "Payroll Specialist", "Controller"]),
        Department(name: "People", share: 5, titles: ["Recruiter", "HR Business Partner", "Learning Coordinator"]),
        Department(name: "IT and Security", share: 4, titles: ["Systems Administrator", "Security Analyst", "Help Desk Technician"]),
        Department(
            name: "Legal and Executive", share: 2, titles: ["Legal Counsel", "Chief of Staff", "Vice President, Strategy", "Executive Assistant"]),
    ]

    /// A name, and how it is written in an address.
    private struct Name: Sendable {
        let name: String
        let plain: String

        /// `Łukasz=lukasz`, or a name that needs no other spelling.
        init(_ text: Substring) {
            let parts = text.split(separator: "=")
            name = String(parts[0])
            plain = parts.count > 1 ? String(parts[1]) : parts[0].lowercased()
        }
    }

    private static func names(_ text: String) -> [Name] { text.split(whereSeparator: \.isWhitespace).map { Name($0) } }

    private static let firstNames = names(
        """
        Amara Anneke Arjun Aisha Beatriz Björn=bjorn Carlos Chen Chiara Claire Daniel David Elena Elif Emeka Emma Farid Fatima Felix Freya
        Gabriel Giulia Grace Hana Hannah Hiroshi Ines Ingrid Isabel Ivan Jakub Jamal James Jan João=joao Jonas Julia Kateryna Kenji Khalid
        Kofi Kwame Laila Lars Laura Leila Liam Linh Lucía=lucia Łukasz=lukasz Magda Maja Mariam Marta Mateo Matteo Mei Michael Miguel Mila
        Mohamed Nadia Naomi Nia Nikolai Nina Noah Nora Oksana Olivia Omar Oscar Paulo Petra Priya Rahul Ravi Rosa Ruth Samir Sana Sara Sean
        Sergio Siddharth Simone Sofia Søren=soren Stefan Sunita Tariq Thandiwe Thomas Tomáš=tomas Uma Valentina Victor Wei Yara Yusuf
        Zanele Zoë=zoe Zofia
        """)

    private static let lastNames = names(
        """
        Abara Adeyemi Ahmed Almeida Andersson Bakker Banerjee Bauer Becker Bianchi Björk=bjork Brown Carvalho Castillo Chaudhry Chen Cohen
        Costa Delgado Diallo Dimitrov Dubois Eriksen Esposito Farah Fernández=fernandez Fischer Fontaine García=garcia Gupta Haddad Hansen
        Hernández=hernandez Hoffmann Horvat Ito Ivanova Iyer Jansen Johansson Kaplan Kaya Khan Kim Kowalski Kravchenko Kumar Larsen Laurent
        Lefèvre=lefevre Lindqvist Liu López=lopez Lopes Mahlangu Martin Mbeki Meyer Mitchell Moreau Müller=mueller Murphy Mwangi Nakamura
        Nguyen Nielsen Nkosi Novák=novak Nowak Nyström=nystrom Okafor Okonkwo Oliveira Osei Öztürk=oeztuerk Park Patel Petrov Popescu Rahman
        Ramírez=ramirez Rao Reyes Ricci Rossi Saidi Santos Sato Schneider Schröder=schroeder Shah Sharma Silva Singh Smith Sørensen=sorensen
        Tanaka Taylor Torres Tran Vargas Visser Walker Wang Weber Wiśniewska=wisniewska Wójcik=wojcik Yamamoto Yılmaz=yilmaz Zhang Zimmermann
        """)
}
