import Foundation

/// Goes through a folder, sorted by name, one level in memory at a time. Symbolic links are not followed.
struct FolderWalk {
    enum Item {
        case file(path: String, relative: String, size: UInt64)
        case skipped(path: String, reason: String)
    }

    private let root: String
    /// Per open level its folder, relative to the root, and the names that are still to come, the next one last.
    private var levels: [(folder: String, names: [String])] = []
    private var firstFailure: String?

    init(_ root: String) {
        self.root = root.count > 1 && root.hasSuffix("/") ? String(root.dropLast()) : root
        firstFailure = enter("")
    }

    mutating func next() -> Item? {
        if let reason = firstFailure {
            firstFailure = nil
            return .skipped(path: root, reason: reason)
        }
        while let level = levels.last {
            guard let name = levels[levels.count - 1].names.popLast() else {
                levels.removeLast()
                continue
            }
            let relative = level.folder.isEmpty ? name : "\(level.folder)/\(name)"
            let path = "\(root)/\(relative)"
            var status = stat()
            guard lstat(path, &status) == 0 else { return .skipped(path: path, reason: OpenFile.Failure.system(errno).reason) }
            switch status.st_mode & S_IFMT {
            case S_IFREG: return .file(path: path, relative: relative, size: UInt64(max(0, status.st_size)))
            case S_IFLNK: return .skipped(path: path, reason: OpenFile.Failure.link.reason)
            case S_IFDIR:
                if let reason = enter(relative) { return .skipped(path: path, reason: reason) }
            default: return .skipped(path: path, reason: OpenFile.Failure.notRegular.reason)
            }
        }
        return nil
    }

    /// - Returns: why the folder cannot be read.
    private mutating func enter(_ folder: String) -> String? {
        let descriptor = open(folder.isEmpty ? root : "\(root)/\(folder)", O_RDONLY | O_DIRECTORY | O_CLOEXEC | (folder.isEmpty ? 0 : O_NOFOLLOW))
        guard descriptor >= 0 else { return OpenFile.Failure.system(errno).reason }
        guard let directory = fdopendir(descriptor) else {
            close(descriptor)
            return OpenFile.Failure.system(errno).reason
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        names.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        levels.append((folder, names.reversed()))
        return nil
    }
}
