extension DifferentialGroup {
    static var all: [DifferentialGroup] {
        [
            serverSelection, locations, proxyPass, requestFields, responseFields, proxyRedirect, framing,
            requestBodies, keptBodies, connections, badRequests, errors, returns, staticFiles, staticNoIndex,
            flashVideo,
            access,
            basicAuth, realIP, balancing, nextUpstream, limits, known, relativeNames, logs, upgrades,
            variables, rewrites,
            limitExcept, stubStatus, tryFiles, geo, splitClients, proxyProtocol, errorAccess, accessSettings,
            rewrittenTargets, serverSteps, nestedAliases, hostsAndTargets,
            accelRedirect, authRequest, authRequestPlaces, authServices, mirror, referers, secureLinks,
            conditions, refusedRequests, patterns, trailers,
            compression, preparedFiles, substitution, addition, forcedRanges, expiries, cookieRules, charsets,
            charsetMaps,
            keptVariables, replacedVariables, browsers, userIDs, keptLocations, values, habits,
        ]
    }
}
