import Foundation
import Scalars

/// Goes through a folder, sorted by name, one level in memory at a time. Symbolic links are not followed.
struct FolderWalk {
    enum Item {
        case file(path: FilePath, relative: String, size: UInt64)
        case skipped(path: String, reason: String)
    }

    private struct Level {
        var folder: FilePath
        /// To the root; empty for the root itself.
        var relative: String
        /// Those that are still to come, the next one last.
        var names: [FileName]
    }

    private let root: FilePath
    /// The open levels.
    private var levels: [Level] = []
    private var firstFailure: String?

    init(_ root: String) {
        self.root = FilePath(root.utf8.count > 1 ? root.rest(before: "/").map { String($0) } ?? root : root)
        firstFailure = enter(self.root, "")
    }

    mutating func next() -> Item? {
        if let reason = firstFailure {
            firstFailure = nil
            return .skipped(path: root.text, reason: reason)
        }
        while let level = levels.last {
            guard let name = levels[levels.count - 1].names.popLast() else {
                levels.removeLast()
                continue
            }
            let relative = level.relative.isEmpty ? name.text : "\(level.relative)/\(name.text)"
            let path = level.folder / name
            let status: stat
            do throws(OpenFile.Failure) { status = try path.status() } catch { return .skipped(path: path.text, reason: error.reason) }
            switch status.st_mode & S_IFMT {
            case S_IFREG: return .file(path: path, relative: relative, size: UInt64(max(0, status.st_size)))
            case S_IFLNK: return .skipped(path: path.text, reason: OpenFile.Failure.link.reason)
            case S_IFDIR:
                if let reason = enter(path, relative) { return .skipped(path: path.text, reason: reason) }
            default: return .skipped(path: path.text, reason: OpenFile.Failure.notRegular.reason)
            }
        }
        return nil
    }

    /// - Returns: why the folder cannot be read.
    private mutating func enter(_ folder: FilePath, _ relative: String) -> String? {
        let links = relative.isEmpty ? 0 : O_NOFOLLOW
        let descriptor = folder.withSystemPath { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC | links) }
        guard descriptor >= 0 else { return OpenFile.Failure.system(errno).reason }
        guard let directory = fdopendir(descriptor) else {
            close(descriptor)
            return OpenFile.Failure.system(errno).reason
        }
        defer { closedir(directory) }
        var names: [[UInt8]] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { name in Array(name.prefix { $0 != 0 }) }
            if name != Array(".".utf8), name != Array("..".utf8) { names.append(name) }
        }
        levels.append(Level(folder: folder, relative: relative, names: FileName.all(names).reversed()))
        return nil
    }
}
