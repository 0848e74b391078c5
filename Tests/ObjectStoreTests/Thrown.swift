import ObjectStore
import Testing

/// The store's error that `body` throws; nil, and a failed test, when it throws none or another.
func thrown(location: SourceLocation = #_sourceLocation, _ body: () throws -> Void) -> StoreError? {
    do {
        try body()
        Issue.record("no error", sourceLocation: location)
    } catch let error as StoreError {
        return error
    } catch {
        Issue.record("\(error)", sourceLocation: location)
    }
    return nil
}

func fail(_ error: StoreError?, location: SourceLocation = #_sourceLocation) {
    Issue.record("another error: \(String(describing: error))", sourceLocation: location)
}
