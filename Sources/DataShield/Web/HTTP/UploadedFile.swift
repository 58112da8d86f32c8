import Hummingbird
import NIOCore
import Scalars
import Synchronization

/// A file that somebody sends, piece by piece as it arrives: the body itself, or the first file of a `multipart/form-data` form.
package struct UploadedFile: AsyncSequence, Sendable {
    package typealias Element = [UInt8]

    private let body: RequestBody
    private let form: MultipartFile?
    private let limit: Int
    /// How many bytes the request says that it has, which are a few more than the file's in a form; nil when it does not say.
    package let announced: Int?
    private let name = Name()

    /// What a form calls the file; nil before it has begun to arrive, and for a body that is the file itself.
    package var fileName: String? { name.text.withLock { $0 } }

    /// Shared with the iterator, which learns it.
    fileprivate final class Name: Sendable {
        let text = Mutex<String?>(nil)
    }

    /// - Parameters:
    ///   - types: the media types that are taken as the file itself.
    ///   - limit: how many bytes the request may have.
    /// - Throws: ``HTTPFailure`` when the type is another, or the request says that it is larger.
    package init(_ request: Request, types: [String], limit: Int) throws {
        let header = request.headers[.contentType] ?? ""
        let type = (header.parts(between: ";").first.map { $0.unicodeScalars.trimmingSpace() } ?? "").lowercased()
        if type == "multipart/form-data" {
            do { form = try MultipartFile(contentType: header) } catch { throw HTTPFailure.badRequest(error.message) }
        } else {
            guard types.contains(type) else {
                throw HTTPFailure.unsupportedMediaType(expected: types.joined(separator: ", ") + " or multipart/form-data")
            }
            form = nil
        }
        announced = request.headers[.contentLength].flatMap { Int($0) }
        if let announced, announced > limit { throw HTTPFailure.bodyTooLarge(limit: limit) }
        body = request.body
        self.limit = limit
    }

    package func makeAsyncIterator() -> Iterator { Iterator(body: body.makeAsyncIterator(), form: form, limit: limit, name: name) }

    package struct Iterator: AsyncIteratorProtocol {
        var body: RequestBody.AsyncIterator
        var form: MultipartFile?
        let limit: Int
        fileprivate let name: Name
        var count = 0

        package mutating func next() async throws -> [UInt8]? {
            while let buffer = try await body.next() {
                count += buffer.readableBytes
                guard count <= limit else { throw HTTPFailure.bodyTooLarge(limit: limit) }
                guard form != nil else { return Array(buffer.readableBytesView) }
                do {
                    // A piece of the form may hold nothing of the file.
                    guard let bytes = try form?.append(buffer.readableBytesView), !bytes.isEmpty else { continue }
                    name.text.withLock { $0 = form?.fileName }
                    return bytes
                } catch { throw HTTPFailure.badRequest(error.message) }
            }
            do { try form?.finish() } catch { throw HTTPFailure.badRequest(error.message) }
            return nil
        }
    }
}
