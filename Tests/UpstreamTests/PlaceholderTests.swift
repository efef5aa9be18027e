import Testing

@Suite("Upstream") struct PlaceholderTests {}
