import Scalars

/// The labels of system-information files that say something.
enum SystemKey: Sendable, Hashable {
    case ip, country, location, computer, user, userAndComputer, hardwareId, machineId, guid, operatingSystem, timeZone
    case logDate, date, localDate, time, lastSeen, installDate
    case build, buildId, buildName, buildDate, fileLocation, path, installPath, workDirectory, traffic, lummaId, lummaBuild, botId
    case userAccountControl, elevation, version
    case networkInfo, systemSummary, vidarHardware, systemInformation

    static func read(_ label: ByteView) -> SystemKey? {
        guard label.count <= 40 else { return nil }
        var plain: [UInt8] = []
        plain.reserveCapacity(24)
        var index = 0
        while index < label.count {
            let byte = label[index]
            if byte >= 0x80, index + 1 < label.count, let latin = Homoglyph.latin(byte, label[index + 1]) {
                plain.append(latin)
                index += 1
            } else if ByteView.isLetter(byte) || ByteView.isDigit(byte) {
                plain.append(ByteView.lowercased(byte))
            } else if byte == UInt8(ascii: "(") {
                plain.append(byte)
            }
            index += 1
        }
        return known[String(decoding: plain, as: UTF8.self)]
    }

    private static let known: [String: SystemKey] = {
        var keys: [String: SystemKey] = [:]
        func add(_ key: SystemKey, _ labels: String) {
            for label in labels.words { keys[String(label)] = key }
        }
        add(.ip, "ip ipaddress externalip publicip ipinfo ipv4 yourip")
        add(.country, "country countrycode geo countryname")
        add(.location, "location")
        add(.computer, "computer computername pcname machinename hostname netbios pc compname")
        add(.user, "username user pcuser")
        add(.userAndComputer, "username(computername")
        add(.hardwareId, "hwid hardwareid hardwareuuid")
        add(.machineId, "machineid uid uuid")
        add(.guid, "guid")
        add(.operatingSystem, "operationsystem operatingsystem os osversion windows windowsversion productname macosversion system winversion")
        add(.timeZone, "timezone utc systemtimezone")
        add(.logDate, "logdate logtime")
        add(.date, "date")
        add(.localDate, "localtime localdate localdateandtime currenttime datetime datetimelocal")
        add(.time, "time")
        add(.lastSeen, "lastseen")
        add(.installDate, "installdate")
        add(.build, "build")
        add(.buildId, "buildid")
        add(.buildName, "buildname")
        add(.buildDate, "buildcompiledate")
        add(.fileLocation, "filelocation")
        add(.path, "path executepath executionpath runningpath")
        add(.workDirectory, "workdir")
        add(.traffic, "traffic trafficname")
        add(.lummaId, "lid")
        add(.lummaBuild, "lummac2build")
        add(.botId, "botid")
        add(.userAccountControl, "uac")
        add(.elevation, "processelevation")
        add(.version, "version")
        return keys
    }()
}
