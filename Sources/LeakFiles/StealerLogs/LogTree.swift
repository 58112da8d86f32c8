import Scalars

/// The devices of an archive or folder that are open, by the folders that the paths of their files name.
///
/// A path alone says it wrongly where malware calls its folders as nobody expects: `DE_c1/Konten/Passwords.txt` beside `DE_c1/Rechner.txt`. What lies
/// together says it: a folder without a description of its own belongs to the one above it that has one.
struct LogTree {
    var devices: [String: OpenDevice] = [:]

    /// Puts together what is of one device.
    mutating func unite() {
        guard devices.count > 1 else { return }
        uniteBelow()
        uniteBeside()
    }

    // MARK: Above and below

    private mutating func uniteBelow() {
        let described = Set(devices.values.filter { $0.system?.isTelling ?? false }.map(\.folder))
        let withPasswords = Set(devices.values.filter { $0.isDevice && !$0.folder.isEmpty }.map(\.folder))
        guard devices.count > described.count else { return }
        let numbered = numberedChildren(of: described)
        // The deepest first, so that what is taken in takes along what it has taken in.
        for folder in devices.keys.sorted(by: { $0.utf8.count > $1.utf8.count }) where !described.contains(folder) {
            // A jar of cookies or a form without passwords is no device by itself.
            let isPart = devices[folder]?.isDevice == false
            var child = folder
            while let parent = Self.parent(of: child) {
                let name = child.parts(between: "/").last ?? ""
                if LogNames.mayBeDevice(name) || numbered.contains(child) { break }
                child = parent
                guard described.contains(parent) || isPart && withPasswords.contains(parent) else { continue }
                merge(folder, into: parent)
                break
            }
        }
    }

    /// Folders below a described one whose names differ in numbers only: `PC1` and `PC2` are two machines, whatever lies above them.
    private func numberedChildren(of described: Set<String>) -> Set<String> {
        var byShape: [String: Set<String>] = [:]
        for device in devices.values where device.isDevice {
            var child = device.folder
            while let parent = Self.parent(of: child) {
                if described.contains(parent), let shape = LogNames.shape(child.parts(between: "/").last ?? "") {
                    byShape["\(parent)/\(shape)", default: []].insert(child)
                }
                child = parent
            }
        }
        return byShape.values.reduce(into: []) { if $1.count > 1 { $0.formUnion($1) } }
    }

    // MARK: Side by side

    /// A description that lies in a folder of its own, `c2/Rechner/info.txt` beside `c2/Konten/Passwords.txt`.
    private mutating func uniteBeside() {
        let alone = devices.values.filter { device in
            (device.system?.isTelling ?? false) && device.credentialCount == 0 && device.cookieCount == 0 && device.records.isEmpty
        }.map(\.folder)
        guard !alone.isEmpty else { return }
        let places = Places(devices)
        for folder in alone.sorted() {
            guard let parent = Self.parent(of: folder), let name = folder.parts(between: "/").last, !LogNames.mayBeDevice(name) else { continue }
            // A device that describes itself in a folder of its own.
            if !parent.isEmpty, let device = devices[parent], device.isDevice, device.system == nil,
                places.below(parent).allSatisfy({ $0 == folder || devices[$0]?.system == nil })
            {
                merge(folder, into: parent)
                continue
            }
            let others = places.below(parent).filter { $0 != folder && devices[$0] != nil }
            guard !others.isEmpty, others.allSatisfy({ devices[$0]?.system?.isTelling != true }) else { continue }
            let children = Set(others.map { Self.child(of: parent, towards: $0) } + [String(name)])
            guard children.allSatisfy({ !LogNames.mayBeDevice(Substring($0)) }) else { continue }
            // What every device has is no device; and a country or an id in the name above says that that one is.
            let isParentDevice = LogNames.mayBeDevice(parent.parts(between: "/").last ?? "")
            guard isParentDevice || children.allSatisfy({ places.isRepeated($0) }) else { continue }
            for other in others { merge(other, into: parent) }
            merge(folder, into: parent)
        }
    }

    /// Which folders lie where.
    private struct Places {
        private var byParent: [String: [String]] = [:]
        private var parents: [String: Set<String>] = [:]

        init(_ devices: [String: OpenDevice]) {
            for folder in devices.keys {
                var child = folder
                while let parent = LogTree.parent(of: child) {
                    byParent[parent, default: []].append(folder)
                    parents[String(child.parts(between: "/").last ?? ""), default: []].insert(parent)
                    child = parent
                }
            }
        }

        func below(_ folder: String) -> [String] { byParent[folder] ?? [] }
        func isRepeated(_ name: String) -> Bool { (parents[name]?.count ?? 0) > 1 }
    }

    // MARK: Folders

    private mutating func merge(_ folder: String, into parent: String) {
        guard folder != parent, let part = devices.removeValue(forKey: folder) else { return }
        var device = devices.removeValue(forKey: parent) ?? OpenDevice(folder: parent)
        device.absorb(part)
        devices[parent] = device
    }

    /// The folder that one lies in, empty for the top; nil above that.
    private static func parent(of folder: String) -> String? {
        guard !folder.isEmpty else { return nil }
        return folder.lastPlace(of: "/").map { String(folder[..<$0]) } ?? ""
    }

    /// The folder directly in another that leads to a third.
    private static func child(of parent: String, towards folder: String) -> String {
        let rest = parent.isEmpty ? folder[...] : folder.rest(behind: parent + "/") ?? ""
        return String(rest.parts(between: "/").first ?? "")
    }
}
