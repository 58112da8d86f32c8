import Foundation

/// What a stealer wrote down of the machine it ran on.
struct SystemInformation: Sendable {
    /// The machine's address as the network sees it.
    var ipAddress: String?
    /// Those of its own network.
    var localAddresses: [String] = []
    var country: String?
    var computer: String?
    var user: String?
    /// The malware's own id of the machine, as it is written.
    var hardwareId: String?
    var operatingSystem: String?
    var antivirus: [String] = []
    /// Where the malware lay.
    var malwarePath: String?
    var capturedAt: Date?
    var evidence = FamilyEvidence()
    /// How many labels and headings of a machine's description there are, each counted once.
    private(set) var labels = 0
    private var isAboutOneMachine = false

    /// By itself, without what other files say.
    var family: MalwareFamily? { evidence.family }

    /// Whether the file is about a machine, whatever it is called.
    /// - Parameter isNamed: whether its name says so.
    func isSystem(isNamed: Bool) -> Bool { isNamed ? labels > 0 : labels >= 3 && isAboutOneMachine }

    /// Whether it tells the machine from others, so that what lies around it can be said to be of that machine.
    var isTelling: Bool { hardwareId != nil || computer != nil || labels >= 3 }

    init(_ text: ByteView, name: String) {
        var reading = SystemReading()
        if text.trimmedLeft.first == UInt8(ascii: "{") {
            for member in JSONObjectReader.members(of: text, from: (text.firstIndex(of: UInt8(ascii: "{")) ?? 0) + 1) {
                reading.add(member.name, member.value)
            }
        } else {
            var lines = LineReader(text.withoutMarks)
            var count = 0
            while count < 400, let line = lines.next() {
                reading.add(line: line)
                count += 1
            }
        }
        if name == "ip" || name == "ip.txt", reading.ipAddress == nil, ContentKind.isIPv4(text.trimmed) {
            reading.ipAddress = text.trimmed.text(limit: 45)
        }
        ipAddress = reading.ipAddress
        localAddresses = reading.localAddresses
        country = reading.country ?? reading.countryOfLocation
        computer = reading.computer
        user = reading.user
        hardwareId = reading.hardwareId ?? reading.machineId
        operatingSystem = reading.operatingSystem
        antivirus = reading.antivirus
        malwarePath = reading.malwarePath
        capturedAt = reading.capturedAt
        evidence = reading.evidence
        labels = reading.labels
        isAboutOneMachine = reading.isAboutOneMachine
    }

    /// Fills what another file of the same log did not say.
    mutating func complete(with other: SystemInformation) {
        ipAddress = ipAddress ?? other.ipAddress
        localAddresses += other.localAddresses.filter { !localAddresses.contains($0) }.prefix(
            max(0, SystemReading.mostEntries - localAddresses.count))
        country = country ?? other.country
        computer = computer ?? other.computer
        user = user ?? other.user
        hardwareId = hardwareId ?? other.hardwareId
        operatingSystem = operatingSystem ?? other.operatingSystem
        antivirus += other.antivirus.filter { !antivirus.contains($0) }.prefix(max(0, SystemReading.mostEntries - antivirus.count))
        malwarePath = malwarePath ?? other.malwarePath
        capturedAt = capturedAt ?? other.capturedAt
        evidence.add(other.evidence)
        labels += other.labels
        isAboutOneMachine = isAboutOneMachine || other.isAboutOneMachine
    }
}
