import FuzzDriver

@_cdecl("FuzzCollector_main")
public func fuzzMain(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
    run(count, arguments) { Entry.collector($0, $1) }
}
