import FuzzDriver

@_cdecl("FuzzCookies_main")
public func fuzzMain(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    run(count, arguments) { Entry.cookies($0, $1) }
}
