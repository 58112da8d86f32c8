extension StaffExport {
    static let directories = [
        StaffExport(
            name: "Okta, as its API has people",
            text: """
                id,status,created,profile.login,profile.email,profile.secondEmail,profile.firstName,profile.lastName,profile.department,profile.title,\
                profile.employeeNumber,profile.manager,credentials.provider.name
                00u1,ACTIVE,2026-01-01,ann@acme.test,ann@acme.test,ann@home.example,Ann,Lee,Ops,Lead,51,Boss,OKTA
                00u2,DEPROVISIONED,2026-01-01,bob@acme.test,bob@acme.test,,Bob,Stone,Ops,,52,Boss,OKTA
                00u3,SUSPENDED,2026-01-01,cem@acme.test,cem@acme.test,,Cem,Ar,Ops,,53,Boss,OKTA
                00u4,PASSWORD_EXPIRED,2026-01-01,dee@acme.test,dee@acme.test,,Dee,Im,Ops,,54,Boss,OKTA
                00u5,LOCKED_OUT,2026-01-01,eli@acme.test,eli@acme.test,,Eli,Om,Ops,,55,Boss,OKTA

                """,
            people: [
                "2 ann@acme.test|Ann|Lee|Ops|Lead|51|?|active", "3 bob@acme.test|Bob|Stone|Ops|-|52|?|left", "4 cem@acme.test|Cem|Ar|Ops|-|53|?|left",
                "5 dee@acme.test|Dee|Im|Ops|-|54|?|active", "6 eli@acme.test|Eli|Om|Ops|-|55|?|active",
            ], ignored: ["profile.secondEmail", "profile.manager", "credentials.provider.name"]),
        StaffExport(
            name: "Okta, people report",
            text: """
                User,Login,Primary email,First name,Last name,User status,Status change date
                Ann Lee,ann@acme.test,ann@acme.test,Ann,Lee,Active,2026-01-01
                Bob Stone,bob@acme.test,bob@acme.test,Bob,Stone,Deactivated,2026-01-01
                Cem Ar,cem@acme.test,cem@acme.test,Cem,Ar,Pending user action,2026-01-01

                """,
            people: [
                "2 ann@acme.test|Ann|Lee|-|-|-|?|active", "3 bob@acme.test|Bob|Stone|-|-|-|?|left", "4 cem@acme.test|Cem|Ar|-|-|-|?|active",
            ]),
        StaffExport(
            name: "Get-ADUser | Export-Csv",
            text: """
                #TYPE Microsoft.ActiveDirectory.Management.ADUser
                "DistinguishedName","Enabled","GivenName","mail","Name","ObjectClass","ObjectGUID","SamAccountName","SID","Surname","Title","UserPrincipalName"
                "CN=Lee\\, Ann,OU=Staff,DC=acme,DC=test","True","Ann","ann@acme.test","Lee, Ann","user","11111111-2222-4333-8444-555555555551","alee","S-1-5-21-1-2-3-1101","Lee","Lead","alee@acme.local"
                "CN=Bob Stone,OU=Staff,DC=acme,DC=test","False",,"bob@acme.test","Bob Stone","user","11111111-2222-4333-8444-555555555552","bstone","S-1-5-21-1-2-3-1102",,"","bstone@acme.local"
                "CN=WS01,OU=Computers,DC=acme,DC=test","True",,"ws01@acme.test","WS01","computer","11111111-2222-4333-8444-555555555553","WS01$","S-1-5-21-1-2-3-1103",,,
                "CN=Guest,CN=Users,DC=acme,DC=test","False",,,"Guest","user","11111111-2222-4333-8444-555555555554","Guest","S-1-5-21-1-2-3-501",,,

                """,
            people: [
                "3 ann@acme.test|Ann|Lee|-|Lead|11111111-2222-4333-8444-555555555551|?|active",
                "4 bob@acme.test|Bob|Stone|-|-|11111111-2222-4333-8444-555555555552|?|left",
            ],
            leftOut: [5: "computer", 6: "left"], ignored: ["DistinguishedName", "SamAccountName", "SID"]),
        StaffExport(
            name: "Get-Mailbox | Export-Csv",
            text: """
                "DisplayName","PrimarySmtpAddress","RecipientTypeDetails","ExternalDirectoryObjectId"
                "Ann Lee","ann@acme.test","UserMailbox","11111111-2222-4333-8444-555555555551"
                "Info","info@acme.test","SharedMailbox","11111111-2222-4333-8444-555555555552"
                "Room 1","room1@acme.test","RoomMailbox","11111111-2222-4333-8444-555555555553"
                "Beamer","beamer@acme.test","EquipmentMailbox","11111111-2222-4333-8444-555555555554"
                "Search","search@acme.test","DiscoveryMailbox","11111111-2222-4333-8444-555555555555"
                "Eve","eve@partner.example","GuestMailUser","11111111-2222-4333-8444-555555555556"

                """,
            people: ["2 ann@acme.test|Ann|Lee|-|-|11111111-2222-4333-8444-555555555551|?|?"],
            leftOut: [3: "shared", 4: "room", 5: "room", 6: "service", 7: "guest"]),
        StaffExport(
            name: "Google Workspace, addresses with their aliases",
            text: """
                Type,Email,Target
                User,ann@acme.test,
                UserAlias,a.lee@acme.test,ann@acme.test
                UserNEAlias,ann@acme.test.test-google-a.com,ann@acme.test
                SuspendedUser,bob@acme.test,
                Group,ops@acme.test,
                GroupAlias,operations@acme.test,ops@acme.test

                """,
            people: ["2 ann@acme.test|-|-|-|-|-|?|?", "5 bob@acme.test|-|-|-|-|-|?|left"],
            leftOut: [3: "alias", 4: "alias", 6: "group", 7: "alias"], ignored: ["Target"]),
        StaffExport(
            name: "Slack's API, bots and deleted members",
            text: """
                id,name,real_name,profile.email,deleted,is_bot,is_restricted
                U1,ann,Ann Lee,ann@acme.test,false,false,false
                U2,bob,Bob Stone,bob@acme.test,true,false,false
                U3,polly,Polly,polly@acme.test,false,true,false
                U4,eve,Eve,eve@partner.example,false,false,true

                """,
            people: ["2 ann@acme.test|Ann|Lee|-|-|U1|?|active", "3 bob@acme.test|Bob|Stone|-|-|U2|?|left"], leftOut: [4: "bot", 5: "guest"]),
        StaffExport(
            name: "Entra ID, registration of second factors",
            text: """
                User principal name,User display name,User type,Multifactor authentication capable,Default MFA method
                ann@acme.test,Ann Lee,Member,Capable,Authenticator
                bob@acme.test,Bob Stone,Member,Not capable,

                """,
            people: ["2 ann@acme.test|Ann|Lee|-|-|-|on|?", "3 bob@acme.test|Bob|Stone|-|-|-|off|?"], ignored: ["Default MFA method"]),
    ]

    static let languages = [
        StaffExport(
            name: "French",
            text: """
                Matricule;Nom, Prénom;Adresse e-mail professionnelle;E-mail personnel;Fonction;Département;Statut;Date de sortie
                F1;Lée, Anne;anne@acme.test;anne@home.example;Chef;Ops;Actif;
                F2;Pierre, Bob;bob@acme.test;;;Ops;Désactivé;

                """,
            people: ["2 anne@acme.test|Anne|Lée|Ops|Chef|F1|?|active", "3 bob@acme.test|Bob|Pierre|Ops|-|F2|?|left"], ignored: ["E-mail personnel"]),
        StaffExport(
            name: "Spanish",
            text: """
                Número de empleado;Nombre;Apellidos;Correo electrónico corporativo;Correo personal;Puesto;Departamento;Estado
                S1;Ana;Lí Gómez;ana@acme.test;ana@home.example;Jefa;Ops;Activo
                S2;Bob;Roca;bob@acme.test;;;Ops;Baja

                """,
            people: ["2 ana@acme.test|Ana|Lí Gómez|Ops|Jefa|S1|?|active", "3 bob@acme.test|Bob|Roca|Ops|-|S2|?|left"],
            ignored: ["Correo personal"]),
        StaffExport(
            name: "Italian",
            text: """
                Matricola;Cognome e nome;Email aziendale;Email personale;Qualifica;Reparto;Stato
                I1;Verdi Anna;anna@acme.test;anna@home.example;Capo;Ops;Attivo
                I2;Sasso Bob;bob@acme.test;;;Ops;Cessato

                """,
            people: ["2 anna@acme.test|Anna|Verdi|Ops|Capo|I1|?|active", "3 bob@acme.test|Bob|Sasso|Ops|-|I2|?|left"],
            ignored: ["Email personale"]),
        StaffExport(
            name: "Dutch",
            text: """
                Personeelsnummer;Voornaam;Achternaam;Zakelijk e-mailadres;Privé e-mailadres;Functie;Afdeling;Status
                N1;Anne;de Vries;anne@acme.test;anne@home.example;Hoofd;Ops;In dienst
                N2;Bob;Steen;bob@acme.test;;;Ops;Uit dienst

                """,
            people: ["2 anne@acme.test|Anne|de Vries|Ops|Hoofd|N1|?|active", "3 bob@acme.test|Bob|Steen|Ops|-|N2|?|left"],
            ignored: ["Privé e-mailadres"]),
        StaffExport(
            name: "German, name and first name",
            text: """
                Name;Vorname;Dienstliche E-Mail;E-Mail (privat);Mitarbeiter-Nr.;Konto aktiv
                Müller;Änne;aenne@acme.test;aenne@home.example;7;ja
                Stein;Bob;bob@acme.test;;8;nein

                """,
            people: ["2 aenne@acme.test|Änne|Müller|-|-|7|?|active", "3 bob@acme.test|Bob|Stein|-|-|8|?|left"], ignored: ["E-Mail (privat)"]),
    ]
}
