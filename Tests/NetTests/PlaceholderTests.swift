import Testing

@Suite("Net") struct PlaceholderTests {}
