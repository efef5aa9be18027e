@testable import Net

/// Certificates and keys for tests only, valid for a hundred years.
enum TLSFixtures {
    /// Signed the other two.
    static let authority = Array(
        """
        -----BEGIN CERTIFICATE-----
        MIIBizCCATGgAwIBAgIUdOWkNd5GBsSHabZ4lssqxGhZCI8wCgYIKoZIzj0EAwIw
        GjEYMBYGA1UEAwwPUG9ydGljbyBUZXN0IENBMCAXDTI2MTEyMzEyNDgxOFoYDzIx
        MjYxMDMwMTI0ODE4WjAaMRgwFgYDVQQDDA9Qb3J0aWNvIFRlc3QgQ0EwWTATBgcq
        hkjOPQIBBggqhkjOPQMBBwNCAARtFIrIooYTstYmHHj+2L2jtJexLeNuYwcc6byK
        fWxJJDa4Kb2PDLJCq0NTFsmj2Y7eB3Mvbzv3grZ0cDTTl4tZo1MwUTAdBgNVHQ4E
        FgQUGQS3dv/EkAS1Lobqaoj7aRhjtEIwHwYDVR0jBBgwFoAUGQS3dv/EkAS1Lobq
        aoj7aRhjtEIwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiBS/5Tv
        uC0i8GxC68w1lJMHrSqmemFF1wLxDA73rm3OAwIhAN3MUS9kW9YCaxR2to07uVcs
        iTZ8yw0VlxZfuP3QsyPr
        -----END CERTIFICATE-----

        """.utf8)
    /// For one.test and 127.0.0.1.
    static let oneCertificate = Array(
        """
        -----BEGIN CERTIFICATE-----
        MIIBjjCCATSgAwIBAgIUEJpUfMz1Yrxt+6XAmnQ002ADJ0kwCgYIKoZIzj0EAwIw
        GjEYMBYGA1UEAwwPUG9ydGljbyBUZXN0IENBMCAXDTI2MTEyMzEyNDgxOFoYDzIx
        MjYxMDMwMTI0ODE4WjATMREwDwYDVQQDDAhvbmUudGVzdDBZMBMGByqGSM49AgEG
        CCqGSM49AwEHA0IABNk7JLKnqfTJu5eF7aoMKJ5+mVKzclKvZmJQYYlXfXPuGqLN
        vdAVK8lkBrkcMJCBtAgE/gfxwWouBnz/ea5TDOyjXTBbMBkGA1UdEQQSMBCCCG9u
        ZS50ZXN0hwR/AAABMB0GA1UdDgQWBBRLd2seN7XAgaeDjOR8K9925MX+UzAfBgNV
        HSMEGDAWgBQZBLd2/8SQBLUuhupqiPtpGGO0QjAKBggqhkjOPQQDAgNIADBFAiBH
        ybTZ6aURArC8O8GesX9CU9D4IGR11hiIghZJtuQzJQIhAOMbFmT9C/TsozyCF4k9
        ALofieksJHWqFDoIaYyhDzWS
        -----END CERTIFICATE-----

        """.utf8)
    static let oneKey = Array(
        """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEIDCEE7hNrQmSczhdLKelWcTaqynQ1MAKgHxFXSbzZWqhoAoGCCqGSM49
        AwEHoUQDQgAE2Tsksqep9Mm7l4Xtqgwonn6ZUrNyUq9mYlBhiVd9c+4aos290BUr
        yWQGuRwwkIG0CAT+B/HBai4GfP95rlMM7A==
        -----END EC PRIVATE KEY-----

        """.utf8)
    /// For two.test and *.two.test.
    static let twoCertificate = Array(
        """
        -----BEGIN CERTIFICATE-----
        MIIBlTCCATqgAwIBAgIUEJpUfMz1Yrxt+6XAmnQ002ADJ0owCgYIKoZIzj0EAwIw
        GjEYMBYGA1UEAwwPUG9ydGljbyBUZXN0IENBMCAXDTI2MTEyMzEyNDgxOFoYDzIx
        MjYxMDMwMTI0ODE4WjATMREwDwYDVQQDDAh0d28udGVzdDBZMBMGByqGSM49AgEG
        CCqGSM49AwEHA0IABDTNPo1WhbZbi7EI6t/xBcL1xB8CsIGaYj70+WnxuwNukO3W
        Dt1YkBCQYBkMsN2WQSQw9p5E3j5tzYpivro91SujYzBhMB8GA1UdEQQYMBaCCHR3
        by50ZXN0ggoqLnR3by50ZXN0MB0GA1UdDgQWBBSh10Kv8ofjMbNK96HhDLdMmqEE
        NzAfBgNVHSMEGDAWgBQZBLd2/8SQBLUuhupqiPtpGGO0QjAKBggqhkjOPQQDAgNJ
        ADBGAiEA20/u8wl8ajrcvkZES2PCJXwv8vGF2FSWpB85CLepv+wCIQCGbhlpk0Wu
        Ux/ZFMxUvs842Vwj1siPSG6LFLTOKckokA==
        -----END CERTIFICATE-----

        """.utf8)
    static let twoKey = Array(
        """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEIHktvPNtqnxAjmJye8LUTIdsVlEt+zFxSI8+tDhiVWbooAoGCCqGSM49
        AwEHoUQDQgAENM0+jVaFtluLsQjq3/EFwvXEHwKwgZpiPvT5afG7A26Q7dYO3ViQ
        EJBgGQyw3ZZBJDD2nkTePm3NimK+uj3VKw==
        -----END EC PRIVATE KEY-----

        """.utf8)
    /// RSA; belongs to no certificate.
    static let otherTypeKey = Array(
        """
        -----BEGIN PRIVATE KEY-----
        MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDBNxm5rM0KQP0O
        egBwtATvCgcBF7LQbqQru/FnsdSV8naUOifDUJwL6YMuafS4LZDitl4lVuM1uD1T
        d7RI0x7LUgosfzxsC2NMpF9KsiTIdwD0kFVhHEx/AEfVJ9PURczaVlsf4rW2kzOM
        fZXWZf22AQj+C6IkSjHZvKRA+FOtCcWb/RzEi1wbhdi3a5aG7LqH5e53sRFztbNB
        7LvPYZVCvsZ180g7wIP6NIJOWre7dX7ZbgB3jWkjR3zX5NnPNsUst6fEjNI1aPUO
        k+UNORI1fsrS4qcY+L6pNICz1AqEPzFkrtGK1kP8/7GjK4VXS4fo9rboHh9fpA+/
        10oCcmadAgMBAAECggEAMmSxo/jK3aLHna/6T2rUYpgl7YYF0FEbJoD1XItIG/fK
        L6zfVBTBLmYwHbnq5uKTiF3yPiDkT82GyS9OaTQPMw5psuNYmgF6W7H/XJcL+vD2
        4dKHQjXESdeD5Ldni1TNMiEV0UIrDLxl1H2ox+t/+alZdBEKsBZd3CFUYdGi2V1g
        EGnT+0Gol/X2AknaNawMUCq8V9fP3rWUNXk6x2ZWWi8xPrAXKHSSGu5VnImE7hMD
        2PQm8MBzeKqmK2Z2V5nZjS9fEMlOKSGchsGD2/rrD4/euj51KWWyAW9mgYrGBK5l
        Rr6Nx6BA6u/9vw5TRrAplxB5KsLsI9wxbUD4Miqa7QKBgQDi641pOGxcXgs0YkTz
        ZZzQWAJVN5+vt4K6XlcxQPujKLDxUlWcPhRbWow4ixhucIC4/maCtW0Ogf/F6Fxr
        ezZLKknW2XPTPMNJ8HWFNXbJlbWR6lyzSPwQW0/1lLqyO+BMsYjYDyzXIv9Ar3kJ
        Cn+uGxXwpMWjKE7ITcvPtvsVjwKBgQDZ+c9K/g5BzxVmCj0Ugyb/hqJtMc69KUi4
        Svpgegr601My+Jy7CNWXYp61s/7adHU7GFwRPLiqaP7DvXxVYCzZ0O52vXj0JsOv
        70kIyinJ0pazbrp4Y9skPs4QYwACsquitaMVaYoOMduHJaEMJx9ymFWuPJMi3gVb
        rC3fdi7jEwKBgHov7ig/OpIODah6Vbhd+a9yBGeQmQrMHLdvvzGFVTpI2eZHuFN2
        Vg3O1vxHYbNuHtH+IoK1YHDUbT5K3SD+6oBU2Ae5dZXD/UAeG5nL7Rek5m0YrivX
        2+qO0KJjIJiCh0ekvRPiL/n0HU/ebKUCozfD2++FOeqd9LYEtf81/0NfAoGAKpHF
        8RBiuml19WKkgSAH+rlReV/Tz0+DuzIxaawL/uZMhlTVTxWvmQwSkMvhRsqdpnfg
        ayFfszAkKRgVcxsAR12tZJUmTRBRAUgLDGNm+9pbwhkq454kyxRU7BBZjS1VpcYx
        XlopMxJ7nA42QIhXdOrZONjtp06S309l+hE7oO8CgYEAqtTk1wGWAdTRA0mhnkGD
        ojZfOrbsdlvooVo4Fm75TCIuU0V6fgH/ugAaPtxDd/NV8nt+WApG+7pXmH2T8miP
        /97IAXjpalgdLrSwCxRHHZG+2ZDZLvZXkT9JWqkduLVzpVmXUNxpzRvB8OfDBnl9
        AXSU84F2BKhCuJmHrR0LPOY=
        -----END PRIVATE KEY-----

        """.utf8)
    /// `oneKey`, in the old format for passwords.
    static let encryptedKey = Array(
        """
        -----BEGIN EC PRIVATE KEY-----
        Proc-Type: 4,ENCRYPTED
        DEK-Info: AES-128-CBC,9431072BA5BD57B660AD95793AB55EEB

        QBqdvUWAQRI/qZ5cJBZ/nauqLAD4lWP+nWVkI60JayECc6+qsW0+/aDBkWc8o0Zc
        k0aEDSFfZIurLR7glivYWJwt7rt1xgUqx+NiqpxwA0AEVzqiPQtSRk9D/pGgD4xn
        P4bYhLrMJHCVozDlVsrYY1fvF5V592jrli5eXjDwhPI=
        -----END EC PRIVATE KEY-----

        """.utf8)
    /// `oneKey`, in the new format for passwords.
    static let encryptedPKCS8Key = Array(
        """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjSrzXij1nbFAICCAAw
        DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEGftxr74PI5T/W5p62VgXUQEgZBN
        IZDse/HfZTZ5Tve0VmEmNWugh5YjnTvpw6e5p0gE3hU+4klmYtOdhr/1vPNbqw8w
        MOAT/iEYMLBwQeLobpWXqJt6FjrhUHOOV93jXYylZAYnItKS/wWEEw4YmRyHrUwY
        v5Ap2vgANMGf0pDQFQYHUT3WfOKUaNEn/XwWbQdJfcGUSCq4TRZlxwv3OpGho84=
        -----END ENCRYPTED PRIVATE KEY-----

        """.utf8)

    /// The certificate of one.test with its key.
    static var one: TLSCertificate {
        .pem(chain: oneCertificate, chainName: "one.pem", key: oneKey, keyName: "one.key")
    }
    /// The certificate of two.test with its key.
    static var two: TLSCertificate {
        .pem(chain: twoCertificate, chainName: "two.pem", key: twoKey, keyName: "two.key")
    }
}
