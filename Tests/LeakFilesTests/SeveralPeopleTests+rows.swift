@testable import LeakFiles

/// Several people in a row of a table, in a line, and in objects within each other.
extension SeveralPeopleTests {
    static let columns: [Case] = [
        Case(
            name: "spouse-md5.csv",
            text: "email,password_md5,spouse_email,spouse_password_md5\n"
                + "sam@example.net,5f4dcc3b5aa765d61d8327deb882cf99,kim@ac"
                + "me.example,e10adc3949ba59abbe56e057f20f883e\n",
            person: "sam@example.net", allowed: ["5f4dcc3b5aa765d61d8327deb882cf99", unread]),
        Case(
            name: "spouse-md5.csv",
            text: "email,password_md5,spouse_email,spouse_password_md5\n"
                + "sam@example.net,5f4dcc3b5aa765d61d8327deb882cf99,kim@ac"
                + "me.example,e10adc3949ba59abbe56e057f20f883e\n",
            person: "kim@acme.example", allowed: ["e10adc3949ba59abbe56e057f20f883e", unread]),
        Case(
            name: "spouse-plain.csv",
            text: "email,plain_password,spouse_email,spouse_plain_password\n"
                + "sam@example.net,Hunter2!xq,kim@acme.example,Gr8-tulip7\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "spouse-plain.csv",
            text: "email,plain_password,spouse_email,spouse_plain_password\n"
                + "sam@example.net,Hunter2!xq,kim@acme.example,Gr8-tulip7\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7", unread]),
        Case(
            name: "buyer-seller.csv",
            text: "buyer_email,buyer_pwd,seller_email,seller_pwd\n"
                + "sam@example.net,Hunter2!xq,kim@acme.example,Gr8-tulip7\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "buyer-seller.csv",
            text: "buyer_email,buyer_pwd,seller_email,seller_pwd\n"
                + "sam@example.net,Hunter2!xq,kim@acme.example,Gr8-tulip7\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7", unread]),
        Case(
            name: "buyer-seller-key.csv",
            text: "id,buyer_mail,buyer_userpwd,seller_mail,seller_userpwd\n"
                + "1,sam@example.net,Hunter2!xq,kim@acme.example,Gr8-tulip7\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "buyer-seller-key.csv",
            text: "id,buyer_mail,buyer_userpwd,seller_mail,seller_userpwd\n"
                + "1,sam@example.net,Hunter2!xq,kim@acme.example,Gr8-tulip7\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7", unread]),
        Case(
            name: "wp-two.csv",
            text: "user_email,user_pass,admin_email,admin_pass\n"
                + "sam@example.net,Hunter2!xq,kim@acme.example,Gr8-tulip7\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "wp-two.csv",
            text: "user_email,user_pass,admin_email,admin_pass\n"
                + "sam@example.net,Hunter2!xq,kim@acme.example,Gr8-tulip7\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7", unread]),
        Case(
            name: "e1e2-pw-hash.csv",
            text: "id,email1,email2,password,password_hash\n1,sam@example.net,kim@acme.example,Hunter2!xq,5f4dcc3b5"
                + "aa765d61d8327deb882cf99\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "e1e2-pw-hash.csv",
            text: "id,email1,email2,password,password_hash\n1,sam@example.net,kim@acme.example,Hunter2!xq,5f4dcc3b5"
                + "aa765d61d8327deb882cf99\n",
            person: "kim@acme.example", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "w-parent.csv",
            text: "email,parent_email,parent_password\nsam@example.net,kim@acme.example,Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: [nil, unread]),
        Case(
            name: "w-parent.csv",
            text: "email,parent_email,parent_password\nsam@example.net,kim@acme.example,Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "w-parent-empty.csv",
            text: "email,password,parent_email,parent_password\nsam@example.net,,kim@acme.example,Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: [nil, unread]),
        Case(
            name: "w-parent-empty.csv",
            text: "email,password,parent_email,parent_password\nsam@example.net,,kim@acme.example,Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "w-spouse-empty.csv",
            text: "email,password,spouse_email,spouse_password\nsam@example.net,,kim@acme.example,Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: [nil, unread]),
        Case(
            name: "w-spouse-empty.csv",
            text: "email,password,spouse_email,spouse_password\nsam@example.net,,kim@acme.example,Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "z-cols-approver.csv",
            text: "email,approver,approver_password\nsam@example.net,kim@acme.example,Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: [nil, unread]),
        Case(
            name: "z-cols-approver.csv",
            text: "email,approver,approver_password\nsam@example.net,kim@acme.example,Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "z-cols-pwonly.csv",
            text: "tenant_email,landlord_email,landlord_password\n"
                + "sam@example.net,kim@acme.example,Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: [nil, unread]),
        Case(
            name: "z-cols-pwonly.csv",
            text: "tenant_email,landlord_email,landlord_password\n"
                + "sam@example.net,kim@acme.example,Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "z-cols-pwonly-md5.csv",
            text: "tenant_email,landlord_email,landlord_md5\nsam@example.net,kim@acme.example,e10adc3949ba59abbe56e0"
                + "57f20f883e\n",
            person: "sam@example.net", allowed: [nil, unread]),
        Case(
            name: "z-cols-pwonly-md5.csv",
            text: "tenant_email,landlord_email,landlord_md5\nsam@example.net,kim@acme.example,e10adc3949ba59abbe56e0"
                + "57f20f883e\n",
            person: "kim@acme.example", allowed: ["e10adc3949ba59abbe56e057f20f883e", unread]),
        Case(
            name: "z-cols-pwonly2.csv",
            text: "email,support_email,support_password\nsam@example.net,kim@acme.example,Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: [nil, unread]),
        Case(
            name: "z-cols-pwonly2.csv",
            text: "email,support_email,support_password\nsam@example.net,kim@acme.example,Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "z-cols-adm.csv",
            text: "AdminEmail,AdminPassword,UserEmail,UserPassword\n"
                + "sam@example.net,Hunter2!xq,kim@acme.example,Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "z-cols-adm.csv",
            text: "AdminEmail,AdminPassword,UserEmail,UserPassword\n"
                + "sam@example.net,Hunter2!xq,kim@acme.example,Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "z-cols-de.csv",
            text: "E-Mail;Kennwort;E-Mail Partner;Kennwort Partner\n"
                + "sam@example.net;Hunter2!xq;kim@acme.example;Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "z-cols-de.csv",
            text: "E-Mail;Kennwort;E-Mail Partner;Kennwort Partner\n"
                + "sam@example.net;Hunter2!xq;kim@acme.example;Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "z-cols-loginhash.csv",
            text: "email,user_pass,email2,user_pass2\nsam@example.net,Hunter2!xq,kim@acme.example,Gr8-tulip7-longer\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "z-cols-loginhash.csv",
            text: "email,user_pass,email2,user_pass2\nsam@example.net,Hunter2!xq,kim@acme.example,Gr8-tulip7-longer\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "z-cols-primary.csv",
            text: "primary_email,secondary_email,password\nsam@example.net,kim@acme.example,Hunter2!xq\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "z-cols-primary.csv",
            text: "primary_email,secondary_email,password\nsam@example.net,kim@acme.example,Hunter2!xq\n",
            person: "kim@acme.example", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "manager.csv",
            text: "email,password,manager_email,manager_password\n"
                + "sam@example.net,Hunter2!xq,kim@acme.example,Gr8-tulip7\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "manager.csv",
            text: "email,password,manager_email,manager_password\n"
                + "sam@example.net,Hunter2!xq,kim@acme.example,Gr8-tulip7\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7", unread]),
    ]

    static let lines: [Case] = [
        Case(
            name: "cc-twocred.txt",
            text: "sam@example.net:Hunter2!xq kim@acme.example:Gr8-tulip7\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "cc-twocred.txt",
            text: "sam@example.net:Hunter2!xq kim@acme.example:Gr8-tulip7\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7", unread]),
        Case(
            name: "two-in-line.txt",
            text: "sam@example.net,kim@acme.example,Hunter2!xq\n",
            person: "sam@example.net", allowed: [unread, "Hunter2!xq"]),
        Case(
            name: "two-in-line.txt",
            text: "sam@example.net,kim@acme.example,Hunter2!xq\n",
            person: "kim@acme.example", allowed: [unread, "Hunter2!xq"]),
        Case(
            name: "comb.txt",
            text: "sam@example.net\u{301}:Hunter2!xq\nkim@acme.example:\u{301}Gr8-tulip7\n",
            person: "sam@example.net", allowed: [unread, "Hunter2!xq"]),
        Case(
            name: "comb.txt",
            text: "sam@example.net\u{301}:Hunter2!xq\nkim@acme.example:\u{301}Gr8-tulip7\n",
            person: "kim@acme.example", allowed: ["\u{301}Gr8-tulip7", unread]),
    ]

    static let objects: [Case] = [
        Case(
            name: "json-nested.json",
            text: "[{\"id\":1,\"user\":{\"email\":\"sam@example.net\",\"password\":\""
                + "Hunter2!xq\"},\"owner\":{\"email\":\"kim@acme.example\",\"password\":\"Gr8-tulip7\"}}]\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "json-nested.json",
            text: "[{\"id\":1,\"user\":{\"email\":\"sam@example.net\",\"password\":\""
                + "Hunter2!xq\"},\"owner\":{\"email\":\"kim@acme.example\",\"password\":\"Gr8-tulip7\"}}]\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7", unread]),
        Case(
            name: "json-nested2.json",
            text: "{\"email\":\"sam@example.net\",\"spouse\":{\"email\":\"kim@acme."
                + "example\",\"password\":\"Gr8-tulip7\"},\"password\":\"Hunter2!xq\"}\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "json-nested2.json",
            text: "{\"email\":\"sam@example.net\",\"spouse\":{\"email\":\"kim@acme."
                + "example\",\"password\":\"Gr8-tulip7\"},\"password\":\"Hunter2!xq\"}\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7", unread]),
        Case(
            name: "y-jsonnested-after.json",
            text: "{\"email\":\"sam@example.net\",\"password\":\"Hunter2!xq\",\"spo"
                + "use\":{\"email\":\"kim@acme.example\",\"password\":\"Gr8-tulip7-longer\"}}\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "y-jsonnested-after.json",
            text: "{\"email\":\"sam@example.net\",\"password\":\"Hunter2!xq\",\"spo"
                + "use\":{\"email\":\"kim@acme.example\",\"password\":\"Gr8-tulip7-longer\"}}\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "y-jsonnested-contact-nopw.json",
            text: "{\"email\":\"sam@example.net\",\"name\":\"Ann\",\"admin\":{\"email"
                + "\":\"kim@acme.example\",\"password\":\"Gr8-tulip7-longer\"}}\n",
            person: "sam@example.net", allowed: [nil, unread]),
        Case(
            name: "y-jsonnested-contact-nopw.json",
            text: "{\"email\":\"sam@example.net\",\"name\":\"Ann\",\"admin\":{\"email"
                + "\":\"kim@acme.example\",\"password\":\"Gr8-tulip7-longer\"}}\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "y-jsonnested-list.json",
            text: "{\"owner\":\"sam@example.net\",\"members\":[{\"email\":\"kim@acm"
                + "e.example\",\"password\":\"Gr8-tulip7-longer\"}]}\n",
            person: "sam@example.net", allowed: [nil, unread]),
        Case(
            name: "y-jsonnested-list.json",
            text: "{\"owner\":\"sam@example.net\",\"members\":[{\"email\":\"kim@acm"
                + "e.example\",\"password\":\"Gr8-tulip7-longer\"}]}\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "w-json-parent.json",
            text: "{\"email\":\"sam@example.net\",\"parent\":{\"email\":\"kim@acme."
                + "example\",\"password\":\"Gr8-tulip7-longer\"}}\n",
            person: "sam@example.net", allowed: [nil, unread]),
        Case(
            name: "w-json-parent.json",
            text: "{\"email\":\"sam@example.net\",\"parent\":{\"email\":\"kim@acme."
                + "example\",\"password\":\"Gr8-tulip7-longer\"}}\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "w-json-parent-own.json",
            text: "{\"email\":\"sam@example.net\",\"password\":\"Hunter2!xq\",\"par"
                + "ent\":{\"email\":\"kim@acme.example\"}}\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "w-json-parent-own.json",
            text: "{\"email\":\"sam@example.net\",\"password\":\"Hunter2!xq\",\"par"
                + "ent\":{\"email\":\"kim@acme.example\"}}\n",
            person: "kim@acme.example", allowed: [nil, unread]),
        Case(
            name: "w-json-siblings.json",
            text: "{\"buyer\":{\"email\":\"sam@example.net\"},\"seller\":{\"email\":"
                + "\"kim@acme.example\",\"password\":\"Gr8-tulip7-longer\"}}\n",
            person: "sam@example.net", allowed: [nil, unread]),
        Case(
            name: "w-json-siblings.json",
            text: "{\"buyer\":{\"email\":\"sam@example.net\"},\"seller\":{\"email\":"
                + "\"kim@acme.example\",\"password\":\"Gr8-tulip7-longer\"}}\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "w-json-pretty-parent.json",
            text: "{\n \"email\":\"sam@example.net\",\n \"parent\":{\n  \"email\":\"kim@acme.example\",\n"
                + "  \"password\":\"Gr8-tulip7-longer\"\n }\n}\n",
            person: "sam@example.net", allowed: [nil, unread]),
        Case(
            name: "w-json-pretty-parent.json",
            text: "{\n \"email\":\"sam@example.net\",\n \"parent\":{\n  \"email\":\"kim@acme.example\",\n"
                + "  \"password\":\"Gr8-tulip7-longer\"\n }\n}\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "w-json-array-emails.json",
            text: "{\"user\":{\"emails\":[{\"value\":\"sam@example.net\"},{\"value\""
                + ":\"kim@acme.example\"}],\"password\":\"Hunter2!xq\"}}\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "w-json-array-emails.json",
            text: "{\"user\":{\"emails\":[{\"value\":\"sam@example.net\"},{\"value\""
                + ":\"kim@acme.example\"}],\"password\":\"Hunter2!xq\"}}\n",
            person: "kim@acme.example", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "v-json-members.json",
            text: "{\"users\": [\n  {\n    \"email\": \"sam@example.net\",\n    \"password\": \"Hunter2!xq\"\n  },\n"
                + "  {\n    \"email\": \"kim@acme.example\",\n    \"password\": \"Gr8-tulip7-longer\"\n  }\n]}\n",
            person: "sam@example.net", allowed: ["Hunter2!xq", unread]),
        Case(
            name: "v-json-members.json",
            text: "{\"users\": [\n  {\n    \"email\": \"sam@example.net\",\n    \"password\": \"Hunter2!xq\"\n  },\n"
                + "  {\n    \"email\": \"kim@acme.example\",\n    \"password\": \"Gr8-tulip7-longer\"\n  }\n]}\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
        Case(
            name: "z-json-pretty-b-nopw.json",
            text: "[\n  {\n    \"email\": \"sam@example.net\"\n  },\n  {\n    \"email\": \"kim@acme.example\",\n"
                + "    \"password\": \"Gr8-tulip7-longer\"\n  }\n]\n",
            person: "sam@example.net", allowed: [nil, unread]),
        Case(
            name: "z-json-pretty-b-nopw.json",
            text: "[\n  {\n    \"email\": \"sam@example.net\"\n  },\n  {\n    \"email\": \"kim@acme.example\",\n"
                + "    \"password\": \"Gr8-tulip7-longer\"\n  }\n]\n",
            person: "kim@acme.example", allowed: ["Gr8-tulip7-longer", unread]),
    ]
}
