/// The version that the three programs tell of themselves.
package enum ProductVersion {
    package static let current = "0.1.0"
}
