import FuzzDriver

@_cdecl("FuzzAutofill_main")
public func fuzzMain(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    run(count, arguments) { Entry.autofill($0, $1) }
}
