import FuzzDriver

@_cdecl("FuzzPasswords_main")
public func fuzzMain(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    run(count, arguments) { Entry.passwords($0, $1) }
}
