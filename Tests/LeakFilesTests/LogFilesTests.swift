import Foundation
import Testing

@testable import LeakFiles

/// Whatever malware calls its files, nothing of a log is passed over.
@Suite struct LogFilesTests {
    private static let block =
        "URL: https://vpn.example.com/login\nUsername: alex.doe@example.com\nPassword: Invented-1!\nBrowser: Google Chrome v126 (Default)\n\n"
    private static let cookies = ".example.com\tTRUE\t/\tTRUE\t1893456000\tESTSAUTH\tx\n"
    private static let system = " ======\n Operating system : Windows 11 Pro (64 Bit)\n PC user : EX-41/alex\n HWID : 178BFBFF00040041\n"

    static let passwordFiles: [String] = [
        "DE_c1/Browsers/Passwords_Google Chrome.txt", "DE_c2/Credentials/Chrome/Chrome Passwords.txt", "PC1/Browser Data/Passwords.txt",
        "PC1/Browsers/Google Chrome.txt", "PC1/Web Browsers/Edge/saved.txt", "PC1/AllPasswords.txt", "PC1/MyPasswords.txt",
        "PC1/Passwords (Chrome).txt", "PC1/edge_passwords.txt", "PC1/Saved Logins.txt", "PC1/User Credentials.txt", "Downloads/Passwords.txt",
        "Downloads/PC1/Passwords.txt", "DE[0123456789ABCDEF] [2024-06-05T10_11_12]/stuff.txt", "PC1/Пароли/Chrome.txt", "chromepasswords.txt",
    ]

    @Test(arguments: passwordFiles) func `a list of passwords is found`(_ path: String) throws {
        let log = try #require(logs([(path, Self.block)]).first)
        #expect(log.records.map(\.secretText) == ["Invented-1!"])
        #expect(log.records.map(\.site) == ["vpn.example.com"])
        #expect(log.credentialCount == 1)
    }

    static let cookieFiles: [String] = [
        "DE_c1/Browsers/Cookies_Google Chrome.txt", "PC1/Google Chrome Cookies.txt", "PC1/Browser Data/Chrome.txt", "PC1/allcookies.txt",
        "PC1/Cookies.log", "PC1/Browsers/Edge/Default/jar.txt",
    ]

    @Test(arguments: cookieFiles) func `a jar of cookies is found`(_ path: String) throws {
        let device = path.split(separator: "/")[0]
        let log = try #require(logs([("\(device)/Passwords.txt", Self.block), (path, Self.cookies)]).first)
        #expect(log.cookies.map(\.name) == ["ESTSAUTH"])
    }

    static let systemFiles: [String] = [
        "PC1/Information.txt", "PC1/System/System Info.txt", "PC1/sysinfo.txt", "PC1/about this pc.txt", "PC1/User Info.txt", "PC1/SystemInfo.log",
        "PC1/Report/machine.txt", "PC1/log",
    ]

    @Test(arguments: systemFiles) func `a description of the machine is found`(_ path: String) throws {
        let log = try #require(logs([("PC1/Passwords.txt", Self.block), (path, Self.system)]).first { $0.traces.computer != nil })
        #expect(log.identity.machineId == "178BFBFF00040041")
        #expect((log.traces.computer, log.traces.user) == ("EX-41", "alex"))
        #expect(log.operatingSystem == "Windows 11 Pro (64 Bit)")
    }

    /// What the path promises and the content is not, or what it says nothing of, is a leak file like any other.
    static let leakFiles: [(String, String)] = [
        ("PC1/Browsers/list.txt", "alex.doe@example.com:Invented-2!\n"), ("PC1/Information.txt", "alex.doe@example.com:Invented-2!\n"),
        ("Cookies/dump.txt", "alex.doe@example.com:Invented-2!\n"), ("Downloads/ULP.txt", "https://a.example:alex.doe@example.com:Invented-2!\n"),
        ("history.txt", "alex.doe@example.com:Invented-2!\n"), ("PC1/FileGrabber/Desktop/passwords.txt", "alex.doe@example.com:Invented-2!\n"),
        ("cards.txt", "alex.doe@example.com;Invented-2!\n"), ("all/page.html", "<b>alex.doe@example.com</b>\n"),
        ("user passwords.txt", "alex.doe@example.com:Invented-2!\nsam@example.net:Invented-3!\n"),
        // Of many machines, put together.
        ("lists/part_001.txt", block), ("passwords_part2.txt", block), ("1M passwords 2024.txt", block), ("Downloads/pack.txt", block),
        ("FileGrabber/notes.txt", block),
    ]

    @Test(arguments: leakFiles) func `what is no file of a log is read as a leak file`(_ path: String, _ content: String) {
        #expect(interest(in: path, content) == .leakFile)
    }

    static let passed: [(String, String)] = [
        ("PC1/History/Chrome.txt", "URL: https://a.example/?m=alex.doe@example.com\nTitle: A\nVisits: 3\n"),
        ("PC1/Downloads/Edge.txt", "C:\\Users\\a\\x.exe\nhttps://a.example/x.exe\n"),
        ("PC1/FileGrabber/letter.txt", "Dear alex.doe@example.com,\nsee you at 10:30.\nKim\n"),
        ("PC1/ProcessList.txt", "ID: 4, Name: x.exe, CommandLine: \n===============\nID: 8, Name: y.exe, CommandLine: \n"),
        ("PC1/InstalledSoftware.txt", "1) Example [1.0]\n"), ("PC1/Wallets/Exodus/seed.seco", "\u{0}\u{1}\u{2}"), ("PC1/x.jpg", "x"),
    ]

    @Test(arguments: passed) func `what nobody has taken somebody's access from is passed over`(_ path: String, _ content: String) {
        #expect(interest(in: path, content) == EntryInterest.none)
    }

    static let blocks: [(String, String?, String?, String?)] = [
        (
            "Konto: alex.doe@example.com\nKennwort: Invented-3!\nWeb: https://vpn.example.com/x\n", "vpn.example.com", "alex.doe@example.com",
            "Invented-3!"
        ),
        (
            "Адрес: https://vpn.example.com\nЛогин: alex.doe@example.com\nПароль: Invented-3!\n", "vpn.example.com", "alex.doe@example.com",
            "Invented-3!"
        ),
        (
            "Página: vpn.example.com\nUsuario: alex.doe@example.com\nContraseña: Invented:3!\n", "vpn.example.com", "alex.doe@example.com",
            "Invented:3!"
        ),
        (
            "URL: https://vpn.example.com\nAccount: alex.doe@example.com\nPassword: Invented-3!\n", "vpn.example.com", "alex.doe@example.com",
            "Invented-3!"
        ),
        (
            "https://vpn.example.com/login\nAcct = alex.doe@example.com\nCode = Invented-3!\n", "vpn.example.com", "alex.doe@example.com",
            "Invented-3!"
        ),
        // Without a site it is not known that the next line is a password.
        ("Contact: alex.doe@example.com\nPhone: 12345\n", nil, "alex.doe@example.com", nil),
        ("written to alex.doe@example.com on Monday\n", nil, nil, nil),
    ]

    @Test(arguments: blocks) func `a block of unknown labels is read by what stands where`(
        _ text: String, _ site: String?, _ login: String?, _ secret: String?
    ) throws {
        for text in [text, "X: 1\n\n" + text + "\nX: 2\nKonto: other\n", Self.block.replacing("alex.doe", with: "stranger") + text] {
            let log = try #require(logs([("PC1/Passwords.txt", text)]).first)
            #expect(log.records.count == 1)
            #expect(log.records.map(\.site) == [site])
            #expect(log.records.map(\.login) == [login])
            #expect(log.records.map(\.secretText) == [secret])
        }
    }

    static let forms: [String] = [
        "email alex.doe@example.com\n", "email: alex.doe@example.com\n", "email\talex.doe@example.com\n", "email = alex.doe@example.com\n",
        "Name: email\nValue: alex.doe@example.com\n", "Form: https://a.example\nemail alex.doe@example.com\n", "alex.doe@example.com\n",
        "[{\"name\":\"email\",\"value\":\"alex.doe@example.com\"}]\n", "a b\nuser name alex.doe@example.com 3 times\n",
        "email\nalex.doe@example.com\n",
    ]

    @Test(arguments: forms) func `what browsers fill in is read in whatever form`(_ text: String) throws {
        for path in ["PC1/Autofills/Chrome.txt", "PC1/Chrome Autofill.txt", "PC1/AutoFill_Google Chrome.txt"] {
            let log = try #require(logs([(path, text)]).first)
            #expect(log.records.map(\.address) == [0])
            #expect(log.records.map(\.shape) == [.stealerAutofill])
        }
    }
}
