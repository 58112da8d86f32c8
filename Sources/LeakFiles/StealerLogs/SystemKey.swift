import Scalars

/// The labels of system-information files that say something.
enum SystemKey: Sendable, Hashable {
    case ip, localIP, country, location, computer, netBIOS, user, computerAndUser, userAndComputer, hardwareId, machineId, guid, operatingSystem,
        timeZone
    case logDate, date, localDate, time, lastSeen, installDate
    case build, buildId, buildName, buildDate, fileLocation, path, workDirectory, traffic, lummaId, lummaBuild, botId
    case userAccountControl, elevation, elevated, version, antivirus
    case processorVendor, processorThreads, systemLanguage, zipOfAutofills, isElevator
    // Headings.
    case networkInfo, systemSummary, hardware, systemInformation, geolocation, hardwareInfo, reportContents, displayDevices, installedApps,
        keyboardLayouts, hardwares

    /// Whether it says something of the machine itself, so that a file with some of these is about one.
    var isOfMachine: Bool {
        switch self {
        case .ip, .localIP, .country, .location, .computer, .netBIOS, .user, .computerAndUser, .userAndComputer, .hardwareId, .machineId, .guid,
            .operatingSystem, .timeZone, .antivirus, .fileLocation, .workDirectory, .botId, .lummaId, .lummaBuild, .buildId, .userAccountControl,
            .elevation, .elevated, .processorVendor, .processorThreads, .systemLanguage, .isElevator, .networkInfo, .systemSummary, .hardware,
            .systemInformation, .geolocation, .hardwareInfo, .hardwares, .keyboardLayouts:
            true
        default: false
        }
    }

    /// Whether it is found in little else: lists of people have users, addresses and countries, too.
    var isTelling: Bool {
        switch self {
        case .computer, .netBIOS, .computerAndUser, .userAndComputer, .hardwareId, .machineId, .operatingSystem, .botId, .lummaBuild, .antivirus,
            .networkInfo, .systemSummary, .hardwareInfo:
            true
        default: false
        }
    }

    /// A label or heading, by its letters and digits.
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
        add(.ip, "ip ipaddress externalip publicip publicipaddress ipinfo ipv4 yourip ipgeolocation wanip")
        add(.localIP, "lanip localip internalip privateip privateipaddress localipaddress ipv6")
        add(.country, "country countrycode geo countryname")
        add(.location, "location")
        add(.computer, "computer computername pcname machinename hostname pc compname devicename host systemname")
        add(.netBIOS, "netbios")
        add(.user, "username user windowsuser registeredowner")
        add(.computerAndUser, "pcuser")
        add(.userAndComputer, "username(computername username(pcname user(computer")
        add(.hardwareId, "hwid hardwareid hardwareuuid deviceid")
        add(.machineId, "machineid uid uuid serialnumber(system")
        add(.guid, "guid machineguid")
        add(
            .operatingSystem, "operationsystem operatingsystem os osname osversion windows windowsname windowsversion productname macosversion system"
        )
        add(.operatingSystem, "winversion osinfo pctype")
        add(.timeZone, "timezone utc systemtimezone utcoffset gmt")
        add(
            .logDate, "logdate logtime logcreated logcreationdate launchedat savetime saved systemtime reporttime reportdate collectiontime starttime"
        )
        add(.logDate, "infectiondate infectiontime infectedat grabtime grabbedat timestamp creationtime createdat executiontime executedat")
        add(.date, "date dateandtime")
        add(
            .localDate, "localtime localdate localdateandtime currenttime currentdate datetime datetimelocal currentdatetime pctime userdate usertime"
        )
        add(.time, "time")
        add(.lastSeen, "lastseen")
        add(.installDate, "installdate")
        add(.build, "build")
        add(.buildId, "buildid")
        add(.buildName, "buildname")
        add(.buildDate, "buildcompiledate")
        add(.fileLocation, "filelocation")
        add(.path, "path executepath executionpath runningpath filepath exepath processexecutablepath currentjarfilepath launchpath launchedfrom")
        add(.workDirectory, "workdir")
        add(.traffic, "traffic trafficname")
        add(.lummaId, "lid")
        add(.lummaBuild, "lummac2build")
        add(.botId, "botid")
        add(.userAccountControl, "uac")
        add(.elevation, "processelevation")
        add(.elevated, "elevated")
        add(.version, "version")
        add(.antivirus, "antivirus antiviruses av avs antivirusproducts antivirusproduct antivirussoftware installedantivirus installedav")
        add(.processorVendor, "cpuvendor")
        add(.processorThreads, "cputhreads")
        add(.systemLanguage, "systemlanguage")
        add(.zipOfAutofills, "zip(autofills")
        add(.isElevator, "iselevator")
        add(.networkInfo, "networkinfo")
        add(.systemSummary, "systemsummary")
        add(.hardware, "hardware")
        add(.systemInformation, "systeminformation")
        add(.geolocation, "geolocationdata")
        add(.hardwareInfo, "hardwareinfo")
        add(.reportContents, "reportcontents")
        add(.displayDevices, "displaydevices")
        add(.installedApps, "installedapps")
        add(.keyboardLayouts, "availablekeyboardlayouts")
        add(.hardwares, "hardwares")
        return keys
    }()
}
