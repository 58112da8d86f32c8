import Hummingbird

/// A staff list that somebody sends, received whole before anything waits for it.
struct StaffListUpload {
    let file: SpooledFile
    /// How a form calls it; nil where the body is the list.
    let name: String?

    /// Receives a list.
    /// - Parameter limit: how many bytes it may have.
    /// - Throws: ``Employees/Failure/tooLarge(limit:)``, ``HTTPFailure`` for what is no file, ``SpoolFailure``.
    static func receive(_ request: Request, _ context: AppContext, limit: Int) async throws -> StaffListUpload {
        context.allow(bodyTime: Employees.importTime)
        do {
            let sent = try UploadedFile(request, types: Employees.importTypes, limit: limit)
            let file = try await SpooledFile(sent)
            return StaffListUpload(file: file, name: sent.fileName)
        } catch HTTPFailure.bodyTooLarge(let limit) {
            throw Employees.Failure.tooLarge(limit: limit)
        }
    }
}
