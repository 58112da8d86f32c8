import Foundation
import Testing

@testable import LeakFiles

/// When a log was made and by what.
@Suite struct LogFamiliesTests {
    private static let block = "URL: https://vpn.example.com/\nUsername: alex.doe@example.com\nPassword: Invented-1!\n\n"

    private func log(_ system: String, _ name: String = "System.txt", passwords: String = block) throws -> StealerLog {
        try #require(logs([("DE_a/Passwords.txt", passwords), ("DE_a/\(name)", system)]).first)
    }

    private static func date(_ text: String) -> Date? { try? Date(text, strategy: .iso8601) }

    /// As the field has it; the lines that name the malware and its build stand where they like.
    private static let lumma = """
        - OS Version: Windows 11 Home (10.0.26100) x64
        - Local Date: 03.04.2025 20:41:05
        - Time Zone: UTC+4
        - Install Date: 17.03.2025 22:53:08
        - Elevated: false
        - Computer: EXAMPLE
        - User: alex
        - Hostname: EXAMPLE
        - NetBIOS: EXAMPLE
        - Anti Virus:
        \t- Windows Defender [ON]
        - HWID: 0123456789ABCDEF0123456789ABCT05
        - CPU Vendor: GenuineIntel
        - CPU Threads: 8
        - GPU:
        \t- Example GPU

        - IP Address: 192.0.2.51
        - Time: 03.04.2025 19:41:07 (sig:1743698467.0a1b2c3d)
        - Country: AE
        """
    private static let names = "- LummaC2 Build: Oct 21 2024\n- LID: x--y\n"

    static let lummas: [(String, String, String)] = [
        ("not at all", lumma, "2025-04-03T16:41:07Z"), ("first", names + lumma, "2025-04-03T16:41:07Z"),
        ("last", lumma + "\n" + names, "2025-04-03T16:41:07Z"),
        ("the id only", lumma + "\n- LID: x\n", "2025-04-03T16:41:07Z"),
        ("no epoch", lumma.replacing("sig:1743698467.0a1b2c3d", with: "sig:0a1b.2c3d"), "2025-04-03T16:41:07Z"),
        ("no signature", names + lumma.replacing(" (sig:1743698467.0a1b2c3d)", with: ""), "2025-04-03T16:41:07Z"),
        ("no time", lumma.replacing("- Time: 03.04.2025 19:41:07 (sig:1743698467.0a1b2c3d)\n", with: ""), "2025-04-03T16:41:05Z"),
        ("a digest of ten digits", lumma.replacing("sig:1743698467.0a1b2c3d", with: "sig:1743698467ab.0a"), "2025-04-03T16:41:07Z"),
    ]

    @Test(arguments: lummas) func `Lumma's time is its panel's, and its epoch goes before all`(_ what: String, _ text: String, _ date: String) throws
    {
        let log = try log(text)
        #expect(log.malwareFamily == "Lumma")
        #expect(log.capturedAt == Self.date(date))
        #expect(log.country == "AE")
        #expect(log.traces.antivirus == ["Windows Defender [ON]"])
    }

    static let times: [(String, String?)] = [
        ("Launched at: 2024.12.29 - 05:37:17 GMT\nHWID: 1\n", "2024-12-29T05:37:17Z"),
        ("System time: 29.12.2024 05:37:17\nHWID: 1\n", "2024-12-29T05:37:17Z"),
        ("Save Time: 2024-12-29 05:37:17\nTimezone: UTC+1\nHWID: 1\n", "2024-12-29T04:37:17Z"),
        ("Log date: 29.12.2024 5:37:17\nHWID: 1\n", "2024-12-29T05:37:17Z"),
        ("Local Time: 29/12/2024 5:37:17\nTime Zone: (UTC+03:00) Moscow\nHWID: 1\n", "2024-12-29T02:37:17Z"),
        ("Local Date: 29.12.2024\nLocal Time: 05:37:17\nTime Zone: UTC-5\nHWID: 1\n", "2024-12-29T10:37:17Z"),
        ("Date: Sun Dec 29 05:37:17 2024\nHWID: 1\n", "2024-12-29T05:37:17Z"),
        ("Local Date and Time: 2024-12-29 05:37:17 [ UTC: (UTC-08:00) Pacific Time (US & Canada) ]\nHWID: 1\n", "2024-12-29T13:37:17Z"),
        ("Local Date and Time: 2024-12-29 05:37:17 [ UTC: +1 ]\nHWID: 1\n", "2024-12-29T04:37:17Z"),
        ("Timestamp: 1735450637\nHWID: 1\n", "2024-12-29T05:37:17Z"), ("Date: 29 Dec 24 06:37 CET\nHWID: 1\n", "2024-12-29T05:37:00Z"),
        ("Time zone: +3 hours from GMT\nDate: 2024-12-29 05:37:17\nHWID: 1\n", "2024-12-29T02:37:17Z"),
        // When the operating system was set up says nothing of when its data were taken.
        ("Install Date: 17.03.2023 22:53:08\nHWID: 1\n", nil), ("{\"Hwid\":\"1\",\"PcName\":\"X\",\"LocalTime\":\"null\"}", nil),
        ("{\"Hwid\":\"1\",\"PcName\":\"X\",\"LocalTime\":\"2024-12-29 05:37:17\"}", "2024-12-29T05:37:17Z"),
        ("Traffic Name: 001FT-35\nInstall Date: 29 Dec 24 05:37 UTC\nHWID: 1\n", "2024-12-29T05:37:00Z"),
    ]

    @Test(arguments: times) func `the time of a log is read under each of its labels`(_ text: String, _ date: String?) throws {
        #expect(try log(text).capturedAt == date.flatMap(Self.date))
    }

    private static let redLine =
        "Build ID: example\nIP: 192.0.2.61\nFileLocation: C:\\Users\\vidar\\raccoon_crack.exe\nUserName: vidar\nMachineName: RACCOON-PC\nCountry: DE\n"
        + "HWID: 0123456789ABCDEF0123456789ABCT6A\nOperation System: Windows 11 Pro x64\nUAC: AllowAll\nLog date: 14.02.2025 10:00:00\n"
    private static let vidar =
        "Version: 12\nDate: 6/22/2024 15:49:7\nMachineID: 0123\nGUID: {0123}\nHWID: 0123-4567\nPath: C:\\a.exe\nWork Dir: In memory\nWindows: Windows 11\n"
        + "Computer Name: X\nUser Name: lumma\n\n[Hardware]\nProcessor: x\n"
    private static let risePro =
        "Build: default\nVersion: 2.0\nDate: Sat Jul 06 3:43:57 2024\nMachineID: 0123\nGUID: {0123}\nHWID: 0123-4567\nPath: C:\\a.exe\nWork Dir: C:\\b\nIP: 192.0.2.1\n"
        + "Location: DE, Berlin\nZIP (Autofills): -\nWindows: Windows 11 Pro [x64]\nComputer Name: X [WORKGROUP]\n\n[Hardware]\nProcessor: x\n"

    static let families: [(String?, String, String)] = [
        ("RedLine", "UserInformation.txt", redLine), ("Vidar", "information.txt", vidar), ("RisePro", "information.txt", risePro),
        (
            "Acreed", "pc_info.json",
            "{\"PcName\": \"EX\", \"Os\": \"Windows 11\", \"GPU\": [\"x\"], \"IsElevator\": false, \"UserName\": \"alex\", \"Hwid\": \"01\"}"
        ),
        (nil, "pc_info.json", "{\"pc_name\": \"WorldWind\", \"os\": \"Windows 11\", \"username\": \"Acreed\", \"hwid\": \"01\"}"),
        ("StealC", "x.txt", "Network Info:\n- IP: 192.0.2.1\nSystem Summary:\n- HWID: 01\n- UserName: redline\n- Running Path: C:\\vidar.exe\n"),
        (
            "Raccoon", "System Info.txt",
            "System Information:\n - System Language: German\n - ComputerName: lumma\nDisplay Devices:\n 0) x\nInstalled Apps:\n"
        ),
        ("CryptBot", "info.txt", "OS: Windows 10\nUserName (ComputerName): meduza (STEALC)\n"),
        ("Rhadamanthys", "info.txt", "Install Date: 09 Dec 23 00:33 UTC\nTraffic Name: 001FT-35\nHWID: 01\nComputer Name: X\n"),
        ("Meduza", "UserInfo.txt", "HWID: 01\nLog Date: 03-12-2024, 23:45:57\nBuild Name: x\nUserName: lumma\n"),
        ("Phemedrone", "Information.txt", "    ----- Geolocation Data -----\nIP: 192.0.2.1\n    ----- Hardware Info -----\nUsername: redline\\X\n"),
        ("META", "UserInformation.txt", "***************\n*   M E T A   *\n***************\n" + redLine),
        // Words that somebody chose name nothing.
        (nil, "System.txt", "Computer: RACCOON\nUser: lumma\nOS: RedLine Edition\nHWID: vidar\nRunning Path: C:\\LummaC2\\stealc.exe\n"),
        (nil, "System.txt", "*** LUMMAC2 LOGS BY SOMEBODY ***\nRisePro cloud\nComputer: X\nHWID: 01\n"),
        (nil, "UserInformation.txt", "Computer: X\nHWID: 01\n"), (nil, "_Information.txt", "Computer: X\nHWID: 01\n"),
        (nil, "system_information.txt", "OS: Windows 11\nHWID: 01\n"),
    ]

    @Test(arguments: families) func `a family is told by what the malware wrote, never by a word`(
        _ family: String?, _ name: String, _ text: String
    ) throws {
        let banner = "*  DAILY LOGS: LUMMA VIDAR META  *\n*** REDLINE ***\nStealC by nobody\n"
        #expect(try log(text, name).malwareFamily == family)
        #expect(try log(text, name, passwords: banner + Self.block).malwareFamily == family)
    }
}
