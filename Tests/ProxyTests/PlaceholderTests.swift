import Testing

@Suite("Proxy") struct PlaceholderTests {}
