import Foundation
import Testing

@testable import LeakFiles

@Suite struct SystemInformationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var family: String?
        var text: String
        var name: String
        var date: String?
        var computer: String? = "EXAMPLE-PC"
        var user: String? = "alex"
        var country: String? = "DE"
        var hardwareId: String? = "0123456789ABCDEF0123456789ABCDEF"
        var system: String? = "Windows 11 Pro"
        var testDescription: String { family ?? name }
    }

    static let redLine = """
        *********\r
        Build ID: @example\r
        IP: 192.0.2.10\r
        FileLocation: C:\\Users\\alex\\AppData\\Local\\Temp\\setup.exe\r
        UserName: alex\r
        MachineName: EXAMPLE-PC\r
        Country: DE\r
        Zip Code: 10115\r
        Location: Berlin, Berlin\r
        HWID: 0123456789ABCDEF0123456789ABCDEF\r
        Current Language: German (Germany)\r
        ScreenSize: {Width=1920, Height=1080}\r
        TimeZone: (UTC+01:00) Amsterdam, Berlin, Bern, Rom, Stockholm, Wien\r
        Operation System: Windows 11 Pro x64\r
        UAC: AllowAll\r
        Process Elevation: False\r
        Log date: 7/4/2024 5:43:07 PM\r
        \r
        Available KeyboardLayouts: \r
        German (Germany)\r
        \r
        Hardwares: \r
        Name: Total of RAM, 16270.5 Mb or 17060855808 bytes\r
        """

    static let cases: [Case] = [
        Case(family: "RedLine", text: redLine, name: "userinformation.txt", date: "2024-07-04T16:43:07Z", system: "Windows 11 Pro x64"),
        Case(
            family: "META", text: "***********\r\n*  M E T A  *\r\n" + redLine, name: "userinformation.txt", date: "2024-07-04T16:43:07Z",
            system: "Windows 11 Pro x64"),
        Case(
            family: "Lumma",
            text: """
                LummaC2 Build: Jan 1 2025
                LID: example--1
                - OS Version: Windows 11 Pro (10.0.22631) x64
                - Local Date: 28.06.2025 12:28:40
                - Time: 28.06.2025 10:28:40 (sig:0a1b.2c3d)
                - Computer: EXAMPLE-PC
                - User: alex
                - HWID: 0123456789ABCDEF0123456789ABCDEF
                - IP Address: 192.0.2.10
                - Country: 192.0.2.10
                """, name: "system.txt", date: "2025-06-28T07:28:40Z", country: nil, system: "Windows 11 Pro (10.0.22631) x64"),
        Case(
            family: "StealC",
            text: """
                Network Info:
                \t- IP: 192.0.2.10
                \t- Country: DE
                System Summary:
                \t- HWID: 0123456789ABCDEF
                \t- OS: Windows 11 Pro
                \t- UserName: alex
                \t- Computer Name: EXAMPLE-PC
                \t- Local Time: 2024/6/22 15:49:7
                \t- UTC: 2
                \t- Running Path: C:\\Users\\alex\\Downloads\\setup.exe
                """, name: "system_info.txt", date: "2024-06-22T13:49:07Z", hardwareId: "0123456789ABCDEF"),
        Case(
            family: "Vidar",
            text: """
                Version: 12
                Date: 6/22/2024 15:49:7
                MachineID: 01234567-89ab-4cde-8f01-23456789abcd
                GUID: {01234567-89ab-4cde-8f01-23456789abcd}
                HWID: 0123456789ABCDEF-01234567
                Path: C:\\Users\\alex\\AppData\\Local\\Temp\\a.exe
                Work Dir: In memory
                Windows: Windows 11 Pro
                Computer Name: EXAMPLE-PC
                User Name: alex
                Local Time: 22/6/2024 15:49:7
                TimeZone: UTC+1
                Ip: 192.0.2.10
                Country: DE

                [Hardware]
                Processor: Example CPU
                [Processes]
                User: nobody
                """, name: "information.txt", date: "2024-06-22T14:49:07Z", hardwareId: "0123456789ABCDEF-01234567"),
        Case(
            family: "RisePro",
            text: """
                Build: default
                Version: 2.0
                Date: Sat Jul 06 3:43:57 2024
                MachineID: 0123456789ABCDEF0123456789ABCDEF
                GUID: {x}
                Windows: Windows 11 Pro
                Computer Name: EXAMPLE-PC [WORKGROUP]
                User Name: alex
                Location: DE, Berlin
                ZIP (Autofills): 10115
                """, name: "information.txt", date: "2024-07-06T03:43:57Z"),
        Case(
            family: "Raccoon",
            text: """
                System Information:
                 - System Language: German
                 - System TimeZone: +1
                 - IP: 192.0.2.10
                 - Location: 52.5, 13.4 | Berlin, Berlin, Germany (10115)
                 - ComputerName: EXAMPLE-PC
                 - Username: alex
                 - Product name: Windows 11 Pro
                 - Build compile date: Tue Mar 5 2024
                Installed Apps:
                 User: nobody
                """, name: "system info.txt", date: nil, country: nil, hardwareId: nil),
        Case(
            family: "Meduza",
            text:
                "Build Name: x\nLog Date: 03-12-2024, 23:45:57\nHWID: 0123456789ABCDEF0123456789ABCDEF\nComputer Name: EXAMPLE-PC\nUserName: alex\nGEO: DE\nOperating System: Windows 11 Pro\n",
            name: "userinfo.txt", date: "2024-12-03T23:45:57Z"),
        Case(
            family: "CryptBot",
            text:
                "OS: Windows 11 Pro\nLocal Date and Time: 2024-12-29 05:37:17 [ UTC: +1 ]\nUserName (ComputerName): alex (EXAMPLE-PC)\n\u{421}ores: 4\n\u{421}ountry: Germany\n",
            name: "_information.txt", date: "2024-12-29T04:37:17Z", hardwareId: nil),
        Case(
            family: "Rhadamanthys",
            text:
                "Traffic name: x\nInstall date: 09 Dec 23 00:33 UTC\nHWID: 0123456789ABCDEF0123456789ABCDEF\nOS: Windows 11 Pro\nComputer: EXAMPLE-PC\nUser: alex\nCountry code: DE\n",
            name: "system.txt", date: "2023-12-09T00:33:00Z"),
        Case(
            family: "Phemedrone",
            text:
                "----- Geolocation Data -----\nGeolocation Data\nIP: 192.0.2.10\nCountry: Germany (DE)\nHardware Info\nUsername: alex\\EXAMPLE\nHWID: 0123456789ABCDEF0123456789ABCDEF\nReport Contents\nPasswords: 3\n",
            name: "information.txt", date: nil, computer: "EXAMPLE", system: nil),
        Case(
            family: nil,
            text: "{\"ip\":\"192.0.2.10\",\"username\":\"alex\",\"pc_name\":\"EXAMPLE-PC\",\"country\":\"DE\",\"os\":\"Windows 11 Pro\"}",
            name: "pc_info.json", date: nil,
            hardwareId: nil),
        Case(
            family: nil, text: "IP: unknown\nCountry: Unknown\nHWID: N/A\n", name: "info.txt", date: nil, computer: nil, user: nil, country: nil,
            hardwareId: nil, system: nil),
    ]

    @Test(arguments: cases) func `each family's file is understood`(_ expected: Case) {
        let system = withView(expected.text) { SystemInformation($0, name: expected.name) }
        #expect(system.family?.rawValue == expected.family)
        #expect(system.capturedAt == expected.date.flatMap { try? Date($0, strategy: .iso8601) })
        #expect(system.computer == expected.computer)
        #expect(system.user == expected.user)
        #expect(system.country == expected.country)
        #expect(system.hardwareId == expected.hardwareId)
        #expect(system.operatingSystem == expected.system)
    }

    static let dates: [(String, String?, Bool)] = [
        ("7/4/2024 5:43:07 PM", "2024-07-04T17:43:07Z", false), ("7/4/2024 12:00:00 AM", "2024-07-04T00:00:00Z", false),
        ("22/6/2024 15:49:7", "2024-06-22T15:49:07Z", false), ("6/22/2024 15:49:7", "2024-06-22T15:49:07Z", false),
        ("7.4.2024 1:2:3", "2024-04-07T01:02:03Z", false), ("7/4/2024 17:43:07", "2024-04-07T17:43:07Z", true),
        ("28.06.2025 12:28:40", "2025-06-28T12:28:40Z", false),
        ("2024-05-06T07:08:09Z", "2024-05-06T07:08:09Z", false), ("2023-11-01T11_57_58.8718608-07_00", "2023-11-01T18:57:58Z", false),
        ("2024_05_06_07-08-09", "2024-05-06T07:08:09Z", false), ("2024-05-06", "2024-05-06T00:00:00Z", false), ("31/2/2024", nil, false),
        ("99", nil, false),
        ("", nil, false), ("2024-12-29 05:37:17 [ UTC: +1 ]", "2024-12-29T04:37:17Z", false), ("09 Dec 23 00:33 UTC", "2023-12-09T00:33:00Z", false),
        ("2024-05-06 07:08:09 +02:00", "2024-05-06T05:08:09Z", false),
        ("2024-12-29 05:37:17 [ UTC: (UTC-08:00) Pacific Time (US & Canada) ]", "2024-12-29T13:37:17Z", false),
        ("29 Jun 25 21:02 CEST", "2025-06-29T19:02:00Z", false), ("1743698467", "2025-04-03T16:41:07Z", false),
        ("1743698467000", "2025-04-03T16:41:07Z", false), ("0000000001", nil, false), ("05/22/2025 5:28", "2025-05-22T05:28:00Z", false),
    ]

    @Test(arguments: dates) func `dates are read in the best sense`(_ text: String, _ expected: String?, _ isAmbiguous: Bool) {
        let date = withView(text) { LogDate.read($0) }
        #expect(date?.date == expected.flatMap { try? Date($0, strategy: .iso8601) })
        #expect((date?.isAmbiguous ?? false) == isAmbiguous)
    }

    static let zones: [(String, Int?)] = [
        ("(UTC+01:00) Amsterdam", 3_600), ("UTC+1", 3_600), ("2", 7_200), ("UTC: -5", -18_000), ("+05:30", 19_800), ("W. Europe Standard Time", nil),
        ("UTC", 0), ("+0300", 10_800), ("UTC: (UTC-08:00) Pacific Time (US & Canada)", -28_800), ("+3 hours from GMT", 10_800), ("UTC2", 7_200),
        ("CEST", 7_200), ("(GMT-03:00) Brasilia", -10_800), ("UTC-08:00", -28_800), ("UTC+15", 0),
    ]

    @Test(arguments: zones) func `time zones are read where they are given`(_ text: String, _ seconds: Int?) {
        #expect(withView(text) { LogDate.zoneOffset($0) } == seconds)
    }

    static let countries: [(String, String?)] = [
        ("DE", "DE"), ("de", "DE"), ("Germany", "DE"), ("Germany (DE)", "DE"), ("DE, Berlin", "DE"), ("192.0.2.10", nil), ("Unknown", nil),
        ("PL 192.0.2.1", "PL"), ("", nil), ("Berlin, Berlin", nil),
    ]

    @Test(arguments: countries) func `countries are two letters or nothing`(_ text: String, _ code: String?) {
        #expect(withView(text) { CountryCode.read($0) } == code)
    }
}
