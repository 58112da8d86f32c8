import CArchive
import Foundation

/// Walks through an archive and those nested in it, and hands over what is worth looking at. Nothing is written to the disk.
final class ArchiveDecoder {
    private let file: OpenFile
    private let limits: LeakLimits
    private let queue: DecodeQueue
    private let names: StealerLogCollector
    private var total: UInt64 = 0
    private var entries = 0
    private var isWanted = true
    /// Why nothing more of the file is read.
    private var refusal: String?

    /// - Parameter names: tells what an entry is by its path and its beginning.
    init(_ file: OpenFile, limits: LeakLimits, queue: DecodeQueue, names: StealerLogCollector) {
        self.file = file
        self.limits = limits
        self.queue = queue
        self.names = names
    }

    func run() {
        // Names are converted by the thread's locale, and the usual one knows ASCII only.
        let locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nil)
        let former = uselocale(locale)
        defer {
            uselocale(former)
            if let locale { freelocale(locale) }
        }
        guard let handle = ArchiveHandle(passphrases: limits.passphrases, acceptsBareCompression: true), handle.open(file) else {
            skip("", 0, "It is damaged, or of a kind that cannot be read.")
            return
        }
        walk(handle, in: EntryLocation(shown: "", folder: ""), depth: 1)
        if let refusal { skip("", 0, "Refused: \(refusal)") }
    }

    private var goesOn: Bool { isWanted && refusal == nil }

    private func emit(_ event: DecodeEvent) {
        if isWanted { isWanted = queue.push(event) }
    }

    private func skip(_ path: String, _ offset: UInt64, _ reason: String) {
        emit(.skipped(path: path, offset: offset, reason: reason))
    }

    /// Counts decoded bytes against the limits.
    private func account(_ count: Int) -> Bool {
        total += UInt64(count)
        if total > limits.maxTotalBytes {
            refusal = "it unpacks to more than \(limits.maxTotalBytes) bytes."
        } else if total > limits.ratioFreeBytes, total / max(1, file.size) > limits.maxRatio {
            refusal = "it unpacks to more than \(limits.maxRatio) times its size."
        }
        return refusal == nil
    }

    /// Where an entry, or the entries of a nested archive, are.
    private struct EntryLocation {
        /// As reports name it: archives are set off by `!`.
        var shown: String
        /// As stealer logs are told apart: a nested archive is a folder like others.
        var folder: String

        static func + (place: EntryLocation, path: String) -> EntryLocation {
            EntryLocation(
                shown: place.shown.isEmpty ? path : "\(place.shown)!\(path)", folder: place.folder.isEmpty ? path : "\(place.folder)/\(path)")
        }
    }

    private func walk(_ handle: ArchiveHandle, in archive: EntryLocation, depth: Int) {
        var number = 0
        while goesOn {
            switch handle.next() {
            case .end: return
            case .broken(let isEncrypted):
                let what = isEncrypted ? "The archive is encrypted, and cannot be read" : "The archive is damaged"
                skip(archive.shown, 0, "\(what)\(number == 0 ? "." : " behind its entry \(number).")")
                return
            case .entry(let entry):
                number += 1
                entries += 1
                if entries > limits.maxEntries {
                    refusal = "it has more than \(limits.maxEntries) entries."
                    return
                }
                visit(entry, handle, in: archive, number: number, depth: depth)
            }
        }
    }

    private func visit(_ entry: OpaquePointer, _ handle: ArchiveHandle, in archive: EntryLocation, number: Int, depth: Int) {
        let name = ArchiveHandle.name(entry) ?? "entry \(number)"
        let place: EntryLocation
        let isBare: Bool
        do throws(EntryPath.Failure) {
            let path = try EntryPath(name).text
            // What is only compressed has no name inside: it is called as its file is, without the ending of the compression.
            isBare = archive_format(handle.archive) == ARCHIVE_FORMAT_RAW
            place = isBare ? EntryLocation(shown: archive.shown, folder: archive.folder.unpackedName) : archive + path
        } catch {
            let shown = (archive + EntryPath.shown(name)).shown
            switch error {
            case .absolute: skip(shown, 0, "Refused: its path is absolute.")
            case .leavesArchive: skip(shown, 0, "Refused: its path leads out of the archive.")
            }
            return
        }
        let type = Int(archive_entry_filetype(entry))
        if archive_entry_hardlink(entry) != nil || type == CARCHIVE_SYMBOLIC_LINK {
            skip(place.shown, 0, "It is a link.")
            return
        }
        if type == CARCHIVE_DIRECTORY { return }
        // Some archives do not say what an entry is.
        guard type == CARCHIVE_REGULAR || type == 0 else {
            skip(place.shown, 0, "It is not a regular file.")
            return
        }
        // What was named to be read is read, whatever it is called.
        let wish = isBare && place.folder.isEmpty ? .leakFile : names.interest(in: place.folder)
        if case .presence = wish {
            emit(.presence(path: place.folder))
            return
        }
        read(place, wish, Entry(handle: handle, isEncrypted: archive_entry_is_encrypted(entry) != 0), number: entries, depth: depth)
    }

    private struct Entry {
        var handle: ArchiveHandle
        var isEncrypted: Bool

        var damage: String {
            isEncrypted ? "It is encrypted, and no passphrase opens it." : "It is damaged from here on."
        }
    }

    private func read(_ place: EntryLocation, _ wish: EntryInterest, _ entry: Entry, number: Int, depth: Int) {
        let block = queue.block()
        let (count, isDamaged) = entry.handle.read(into: block.memory)
        block.count = count
        guard account(count) else { return }
        let kind = FileKind(block.bytes)
        if kind != .plain, !isDamaged {
            descend(place, kind, first: Array(block.bytes), entry, depth: depth)
            queue.giveBack(block)
            return
        }
        switch wish == .look ? names.interest(in: place.folder, beginning: block.bytes) : wish {
        case .none, .presence, .look:
            let isDatabase = block.bytes.starts(with: FileKind.sqlite)
            queue.giveBack(block)
            if isDamaged {
                skip(place.shown, UInt64(count), entry.damage)
            } else if isDatabase {
                skip(place.shown, 0, FileKind.databaseReason)
            } else {
                emit(.passed)
            }
        case .whole(let limit):
            readWhole(place, limit, block, entry, number: number, isDamaged: isDamaged)
        case .leakFile:
            if let name = FileKind.closedName(block.bytes) { skip(place.shown, 0, FileKind.closedReason(name)) }
            emit(.begin(path: place.shown, number: number))
            stream(place, block, entry, already: UInt64(count), isDamaged: isDamaged)
        }
    }

    /// A leak file: block by block.
    private func stream(_ place: EntryLocation, _ first: Block, _ entry: Entry, already: UInt64, isDamaged: Bool) {
        var block = first
        var size = already
        var isDamaged = isDamaged
        while goesOn {
            let isLast = block.count < Block.capacity || isDamaged
            emit(.bytes(block, consumed: consumed))
            if size > limits.maxEntryBytes {
                skip(place.shown, size, "Refused: it unpacks to more than \(limits.maxEntryBytes) bytes.")
                emit(.end(isWhole: false))
                return
            }
            if isLast { break }
            block = queue.block()
            (block.count, isDamaged) = entry.handle.read(into: block.memory)
            size += UInt64(block.count)
            if !account(block.count) { break }
        }
        if isDamaged { skip(place.shown, size, entry.damage) }
        emit(.end(isWhole: !isDamaged && goesOn))
    }

    /// A file of a stealer log; one that is too large for that is a leak file.
    private func readWhole(_ place: EntryLocation, _ limit: Int, _ first: Block, _ entry: Entry, number: Int, isDamaged: Bool) {
        var bytes = Array(first.bytes)
        var isDamaged = isDamaged
        var isLast = first.count < Block.capacity
        queue.giveBack(first)
        while !isLast, !isDamaged, bytes.count <= limit {
            let block = queue.block()
            (block.count, isDamaged) = entry.handle.read(into: block.memory)
            bytes.append(contentsOf: block.bytes)
            isLast = block.count < Block.capacity
            let mayGoOn = account(block.count)
            queue.giveBack(block)
            guard mayGoOn else { return }
        }
        if bytes.count <= limit {
            if isDamaged { skip(place.shown, UInt64(bytes.count), entry.damage) }
            if !bytes.isEmpty { emit(.whole(path: place.folder, number: number, bytes: bytes)) }
            return
        }
        emit(.begin(path: place.shown, number: number))
        let size = UInt64(bytes.count)
        bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            // The last block goes on below, and must be less than full only when the entry ends with it.
            while rest.count > Block.capacity || !isLast && !isDamaged && !rest.isEmpty {
                let block = queue.block()
                let part = rest.prefix(Block.capacity)
                block.memory.copyBytes(from: UnsafeRawBufferPointer(rebasing: part))
                block.count = part.count
                rest = rest.dropFirst(part.count)
                emit(.bytes(block, consumed: consumed))
            }
            let block = queue.block()
            if isLast || isDamaged {
                block.memory.copyBytes(from: UnsafeRawBufferPointer(rebasing: rest))
                block.count = rest.count
                stream(place, block, entry, already: size, isDamaged: isDamaged)
            } else {
                (block.count, isDamaged) = entry.handle.read(into: block.memory)
                if account(block.count) { stream(place, block, entry, already: size + UInt64(block.count), isDamaged: isDamaged) }
            }
        }
    }

    private func descend(_ place: EntryLocation, _ kind: FileKind, first: [UInt8], _ entry: Entry, depth: Int) {
        guard depth < limits.maxDepth else {
            skip(place.shown, 0, "Refused: archives lie more than \(limits.maxDepth) deep in each other.")
            return
        }
        guard let inner = ArchiveHandle(passphrases: limits.passphrases, acceptsBareCompression: true) else { return }
        var held = first
        var isDamaged = false
        if kind == .seekingArchive {
            var isLast = first.count < Block.capacity
            while !isLast, !isDamaged, held.count <= limits.maxHeldBytes {
                let block = queue.block()
                (block.count, isDamaged) = entry.handle.read(into: block.memory)
                held.append(contentsOf: block.bytes)
                isLast = block.count < Block.capacity
                let mayGoOn = account(block.count)
                queue.giveBack(block)
                guard mayGoOn else { return }
            }
            if isDamaged { skip(place.shown, UInt64(held.count), entry.damage) }
            if isLast || isDamaged {
                guard inner.open(held) else {
                    skip(place.shown, 0, "It is damaged, or of a kind that cannot be read.")
                    return
                }
                held = []
                walk(inner, in: place, depth: depth + 1)
                return
            }
        }
        // A zip can mostly be read from front to back as well; a 7z says that it cannot.
        let source = EntrySource(entry.handle, first: held) { [self] in account($0) }
        guard inner.open(source) else {
            skip(place.shown, 0, "It is damaged, or too large to be read inside another archive.")
            return
        }
        walk(inner, in: place, depth: depth + 1)
        if source.isDamaged { skip(place.shown, 0, entry.damage) }
    }

    /// How far the file has been read: what libarchive passes over at the end counts when it is done.
    private var consumed: UInt64 {
        let place = lseek(file.descriptor, 0, SEEK_CUR)
        return place < 0 ? 0 : UInt64(place)
    }
}
