import Testing

/// Staff lists as programs export them, with made-up people of acme.test, and what has to come out of each.
struct StaffExport: Sendable, CustomTestStringConvertible {
    var name: String
    var text: String
    /// A line for each person: line, address, first name, last name, department, title, id, second factor, active.
    var people: [String]
    /// Lines that are left out, with a word that the reason has.
    var leftOut: [Int: String] = [:]
    /// Headings that must be listed as not read.
    var ignored: [String] = []
    /// Lines that are refused.
    var refused: [Int] = []

    var testDescription: String { name }

    static let all = suites + personnel + directories + languages

    static let suites = [
        StaffExport(
            name: "Google Workspace, users",
            text: """
                First Name [Required],Last Name [Required],Email Address [Required],Password [Required],Password Hash Function [UPLOAD ONLY],Org Unit \
                Path [Required],New Primary Email [UPLOAD ONLY],Status [READ ONLY],Last Sign In [READ ONLY],Recovery Email,Home Secondary Email,Work \
                Secondary Email,Recovery Phone [MUST BE IN THE E.164 FORMAT],Work Phone,Employee ID,Employee Type,Employee Title,Manager Email,\
                Department,Cost Center,2sv Enrolled [READ ONLY],2sv Enforced [READ ONLY],New Status [UPLOAD ONLY]
                Ann,Lee,ann@acme.test,****,,/Staff,,Active,2026/08/27 15:15:08,priv.ann@home.example,,,,,E1,,Lead,boss@acme.test,Ops,,True,False,
                Bob,Stone,bob@acme.test,****,,/Staff,,Suspended,2026/08/27 15:15:08,,,,,,E2,,,boss@acme.test,Ops,,False,False,
                Cem,Ar,cem@acme.test,****,,/Staff,,Archived,,,,,,,E3,,,,Ops,,False,False,

                """,
            people: [
                "2 ann@acme.test|Ann|Lee|Ops|Lead|E1|on|active", "3 bob@acme.test|Bob|Stone|Ops|-|E2|off|left",
                "4 cem@acme.test|Cem|Ar|Ops|-|E3|off|left",
            ],
            ignored: ["Recovery Email", "Home Secondary Email", "Work Secondary Email", "Manager Email", "New Primary Email [UPLOAD ONLY]"]),
        StaffExport(
            name: "Google Workspace, users with all columns",
            text: """
                First Name [Required],Last Name [Required],Email Address [Required],Password [Required],\
                Password Hash Function [UPLOAD ONLY],Org Unit Path [Required],New Primary Email [UPLOAD ONLY],Status [READ ONLY],\
                Last Sign In [READ ONLY],Recovery Email,Home Secondary Email,Work Secondary Email,\
                Recovery Phone [MUST BE IN THE E.164 FORMAT],Work Phone,Home Phone,Mobile Phone,Work Address,Home Address,Employee ID,\
                Employee Type,Employee Title,Manager Email,Department,Cost Center,2sv Enrolled [READ ONLY],2sv Enforced [READ ONLY],\
                Building ID,Floor Name,Floor Section,Email Usage [READ ONLY],Drive Usage [READ ONLY],Photos Usage [READ ONLY],\
                Storage limit [READ ONLY],Storage Used [READ ONLY],Change Password at Next Sign-In,New Status [UPLOAD ONLY],\
                Advanced Protection Program enrollment
                Ann,Lee,ann@acme.test,****,,/Staff,,Active,2026/08/27 15:15:08,priv.ann@home.example,,,,,,,,,E1,,Lead,boss@acme.test,Ops,,True,\
                False,,,,0.04GB,1.21GB,0.0GB,Unlimited,1.25GB,False,,False
                Bob,Stone,bob@acme.test,****,,/Staff,,Suspended,2026/08/27 15:15:08,priv.bob@home.example,,,,,,,,,E2,,,boss@acme.test,Ops,,False,\
                False,,,,0.04GB,1.21GB,0.0GB,Unlimited,1.25GB,False,,False

                """,
            people: ["2 ann@acme.test|Ann|Lee|Ops|Lead|E1|on|active", "3 bob@acme.test|Bob|Stone|Ops|-|E2|off|left"],
            ignored: ["Recovery Email", "Manager Email", "Building ID", "Email Usage [READ ONLY]", "New Status [UPLOAD ONLY]"]),
        StaffExport(
            name: "Entra ID, bulk download",
            text: """
                userPrincipalName,displayName,surname,mail,givenName,objectId,userType,jobTitle,department,accountEnabled,usageLocation,state,country,\
                alternateEmailAddress,authenticationEmail
                ann@acme.test,Ann Lee,Lee,ann.lee@acme.test,Ann,0f0e0d0c-0b0a-4988-8776-655443322110,Member,Lead,Ops,True,DE,,,,
                bob@acme.test,Bob Stone,,,,0f0e0d0c-0b0a-4988-8776-655443322111,Member,,,False,DE,,,,
                eve_partner.example#EXT#@acme.onmicrosoft.com,Eve,,eve@partner.example,,0f0e0d0c-0b0a-4988-8776-655443322112,Guest,,,True,,,,,
                max_partner.example#EXT#@acme.onmicrosoft.com,Max,,max@partner.example,,0f0e0d0c-0b0a-4988-8776-655443322113,,,,True,,,,,
                cem@acme.test,Cem Ar,Ar,cem@acme-holding.test,Cem,0f0e0d0c-0b0a-4988-8776-655443322114,Member,,,True,,,,,

                """,
            people: [
                "2 ann.lee@acme.test|Ann|Lee|Ops|Lead|0f0e0d0c-0b0a-4988-8776-655443322110|?|active",
                "3 bob@acme.test|Bob|Stone|-|-|0f0e0d0c-0b0a-4988-8776-655443322111|?|left",
                // Of two addresses that of the company's domain.
                "6 cem@acme.test|Cem|Ar|-|-|0f0e0d0c-0b0a-4988-8776-655443322114|?|active",
            ],
            leftOut: [4: "guest", 5: "guest"], ignored: ["alternateEmailAddress", "authenticationEmail", "state"]),
        StaffExport(
            name: "Microsoft 365 admin center, active users",
            text: """
                Block credential,City,Country/Region,Department,DirSyncEnabled,Display name,Fax,First name,Last dirsync time,Last name,Licenses,Object \
                Id,Office,Password never expires,Proxy addresses,Soft deletion time stamp,State,Title,Usage location,User principal name,When created
                False,Bonn,Germany,Ops,,Ann Lee,,Ann,,Lee,Business Premium,11111111-2222-4333-8444-555555555551,,False,SMTP:ann@acme.test+smtp:a.lee@acme.test,,,Lead,DE,ann@acme.test,2026-01-02 10:00:00Z
                True,Bonn,Germany,Ops,,Bob Stone,,Bob,,Stone,Unlicensed,11111111-2222-4333-8444-555555555552,,False,SMTP:bob@acme.test,,,,DE,bob@acme.test,2026-01-02 10:00:00Z
                False,Bonn,Germany,Ops,,Cem Ar,,Cem,,Ar,Unlicensed,11111111-2222-4333-8444-555555555553,,False,,2026-01-05 10:00:00Z,,,DE,cem@acme.test,2026-01-02 10:00:00Z

                """,
            people: [
                "2 ann@acme.test|Ann|Lee|Ops|Lead|11111111-2222-4333-8444-555555555551|?|active",
                "3 bob@acme.test|Bob|Stone|Ops|-|11111111-2222-4333-8444-555555555552|?|left",
                // Not blocked, and deleted.
                "4 cem@acme.test|Cem|Ar|Ops|-|11111111-2222-4333-8444-555555555553|?|left",
            ], ignored: ["Proxy addresses", "State", "Licenses"]),
        StaffExport(
            name: "Slack, members",
            text: """
                username,email,status,billing-active,has-2fa,has-sso,userid,fullname,displayname,expiration-timestamp
                ann,ann@acme.test,Member,1,1,0,U0A1,Ann Lee,annie,
                bob,bob@acme.test,Deactivated,0,0,0,U0A2,Bob Stone,bob,
                cem,cem@acme.test,Primary Owner,1,0,0,U0A3,Cem Ar,cem,
                polly,,Bot,0,0,0,U0A4,Polly,polly,
                eve,eve@partner.example,Single-Channel Guest,1,0,0,U0A5,Eve,eve,1796000000
                max,max@partner.example,Multi-Channel Guest,1,0,0,U0A6,Max,max,

                """,
            people: [
                "2 ann@acme.test|Ann|Lee|-|-|U0A1|on|active", "3 bob@acme.test|Bob|Stone|-|-|U0A2|off|left",
                "4 cem@acme.test|Cem|Ar|-|-|U0A3|off|active",
            ],
            leftOut: [5: "bot", 6: "guest", 7: "guest"], ignored: ["billing-active", "has-sso", "expiration-timestamp"]),
    ]

    static let personnel = [
        StaffExport(
            name: "BambooHR",
            text: """
                "Employee #","Last name, First name","Work Email","Home Email","Job Title","Department","Division","Status"
                "1001","Lee, Ann","ann@acme.test","ann@home.example","Lead","Ops","EMEA","Active"
                "1002","Stone, Bob","bob@acme.test","","","Ops","EMEA","Inactive"
                "1003","Ar, Cem","","cem@home.example","","Ops","EMEA","Active"
                "1004","Im, Dee","","dee@acme.test","","","EMEA","Active"

                """,
            people: [
                "2 ann@acme.test|Ann|Lee|Ops|Lead|1001|?|active", "3 bob@acme.test|Bob|Stone|Ops|-|1002|?|left",
                // Of the company's domain, whatever the column is called. A division is no department.
                "5 dee@acme.test|Dee|Im|-|-|1004|?|active",
            ], ignored: ["Home Email", "Division"], refused: [4]),
        StaffExport(
            name: "BambooHR, without odd rows",
            text: """
                "Employee #","Last name, First name","Work Email","Home Email","Job Title","Department","Division","Status"
                "1001","Lee, Ann","ann@acme.test","ann@home.example","Lead","Ops","EMEA","Active"
                "1002","Stone, Bob","bob@acme.test","","","Ops","EMEA","Inactive"

                """,
            people: ["2 ann@acme.test|Ann|Lee|Ops|Lead|1001|?|active", "3 bob@acme.test|Bob|Stone|Ops|-|1002|?|left"],
            ignored: ["Home Email", "Division"]),
        StaffExport(
            name: "Workday, with rows of titles",
            text: """
                All Active and Terminated Workers,,,,,,,
                "As of: 30 Nov 2026, 09:00",,,,,,,
                ,,,,,,,
                Employee ID,Worker,Email - Primary Work,Email - Primary Home,Worker Status,Business Title,Supervisory Organization,Termination Date
                21,Ann Lee,ann@acme.test,ann@home.example,Active,Lead,Ops,
                22,Bob Stone,bob@acme.test,,Terminated,,Ops,2026-02-01
                23,Cem Ar,cem@acme.test,,On Leave,,Ops,
                24,Dee Im,,,Terminated,,Ops,2025-02-01
                Total Workers: 4,,,,,,,

                """,
            people: [
                "5 ann@acme.test|Ann|Lee|Ops|Lead|21|?|active", "6 bob@acme.test|Bob|Stone|Ops|-|22|?|left",
                "7 cem@acme.test|Cem|Ar|Ops|-|23|?|active",
            ],
            leftOut: [8: "left", 9: "sum"], ignored: ["Email - Primary Home"]),
        StaffExport(
            name: "ADP, report with sections in brackets",
            text: """
                Employee Roster
                Run on 11/30/2026

                "Payroll Name (Personal Profile)","Associate ID","Work Contact: Work Email (Personal Profile)","Personal Contact: Personal Email","Position Status (Employment Profile)","Job Title Description","Home Department Description","Reports To Name","Reports To Email"
                "Lee, Ann","A1","ann@acme.test","ann@home.example","Active","Lead","Ops","Boss, Big","boss@acme.test"
                "Stone, Bob","A2","bob@acme.test","","Terminated","","Ops","",""
                "Grand Totals","2","","","","","","",""

                """,
            people: ["5 ann@acme.test|Ann|Lee|Ops|Lead|A1|?|active", "6 bob@acme.test|Bob|Stone|Ops|-|A2|?|left"],
            leftOut: [7: "sum"], ignored: ["Personal Contact: Personal Email", "Reports To Name", "Reports To Email"]),
        StaffExport(
            name: "Personio, in German",
            text: """
                Personalnummer;Vorname;Nachname;E-Mail;Private E-Mail;Status;Position;Abteilung;Austrittsdatum
                P1;Änne;Müller;aenne@acme.test;aenne@home.example;Aktiv;Leitung;Ops;
                P2;Bob;Stein;bob@acme.test;;Inaktiv;;Ops;31.01.2026
                P3;Cem;Ar;cem@acme.test;;Elternzeit;;Ops;

                """,
            people: [
                "2 aenne@acme.test|Änne|Müller|Ops|Leitung|P1|?|active", "3 bob@acme.test|Bob|Stein|Ops|-|P2|?|left",
                "4 cem@acme.test|Cem|Ar|Ops|-|P3|?|active",
            ], ignored: ["Private E-Mail"]),
        StaffExport(
            name: "HiBob, with prefixes",
            text: """
                Display name,Basic info: Email,Personal: Personal email,Work: Employee ID in company,Work: Title,Work: Department,Work: Reports to,Internal: Status,Internal: Lifecycle status
                Ann Lee,ann@acme.test,ann@home.example,7,Lead,Ops,Boss,Active,Employed
                Bob Stone,bob@acme.test,,8,,Ops,Boss,Inactive,Terminated

                """,
            people: ["2 ann@acme.test|Ann|Lee|Ops|Lead|-|?|active", "3 bob@acme.test|Bob|Stone|Ops|-|-|?|left"],
            ignored: ["Personal: Personal email", "Work: Reports to"]),
        StaffExport(
            name: "Rippling",
            text: """
                Employee,Employee - Work email,Employee - Personal email,Employee number,Employment status,Department,Title,End date,Manager - Work email
                Ann Lee,ann@acme.test,ann@home.example,31,Active,Ops,Lead,,boss@acme.test
                Bob Stone,bob@acme.test,,32,Terminated,Ops,,02/28/2026,boss@acme.test
                Cem Ar,cem@acme.test,,33,,Ops,,02/28/2026,boss@acme.test

                """,
            people: [
                "2 ann@acme.test|Ann|Lee|Ops|Lead|31|?|active", "3 bob@acme.test|Bob|Stone|Ops|-|32|?|left",
                "4 cem@acme.test|Cem|Ar|Ops|-|33|?|left",
            ], ignored: ["Employee - Personal email", "Manager - Work email"]),
        StaffExport(
            name: "UKG",
            text: """
                Employee Number|First Name|Last Name|Preferred First Name|Email Address|Alternate Email|Employment Status|Job Title|Org Level 1|Supervisor Email
                41|Annette|Lee|Ann|ann@acme.test|ann@home.example|Active|Lead|Ops|boss@acme.test
                42|Bob|Stone||bob@acme.test||Retired||Ops|
                43|Cem|Ar||cem@acme.test||Leave of Absence||Ops|

                """,
            people: [
                "2 ann@acme.test|Annette|Lee|-|Lead|41|?|active", "3 bob@acme.test|Bob|Stone|-|-|42|?|left",
                "4 cem@acme.test|Cem|Ar|-|-|43|?|active",
            ], ignored: ["Alternate Email", "Supervisor Email", "Org Level 1"]),
        StaffExport(
            name: "SAP SuccessFactors",
            text: """
                STATUS\tUSERID\tUSERNAME\tFIRSTNAME\tLASTNAME\tEMAIL\tMANAGER\tDEPARTMENT\tTITLE
                active\tu1\talee\tAnn\tLee\tann@acme.test\tNO_MANAGER\tOps\tLead
                inactive\tu2\tbstone\tBob\tStone\tbob@acme.test\tu1\tOps\t

                """,
            people: ["2 ann@acme.test|Ann|Lee|Ops|Lead|u1|?|active", "3 bob@acme.test|Bob|Stone|Ops|-|u2|?|left"], ignored: ["MANAGER"]),
        StaffExport(
            name: "Zoho People",
            text: """
                EmployeeID,First Name,Last Name,Email ID,Personal Email ID,Department,Designation,Employee Status,Reporting To
                Z1,Ann,Lee,ann@acme.test,ann@home.example,Ops,Lead,Active,Boss
                Z2,Bob,Stone,bob@acme.test,,Ops,,Resigned,Boss
                Z3,Cem,Ar,cem@acme.test,,Ops,,Deceased,Boss

                """,
            people: [
                "2 ann@acme.test|Ann|Lee|Ops|Lead|Z1|?|active", "3 bob@acme.test|Bob|Stone|Ops|-|Z2|?|left",
                "4 cem@acme.test|Cem|Ar|Ops|-|Z3|?|left",
            ], ignored: ["Personal Email ID", "Reporting To"]),
    ]
}
