import CCurl

/// Seconds since 1970 of a `Date` field's value; nil when it is none.
package func httpDate(_ text: String) -> Int? {
    let seconds = curl_getdate(text, nil)
    return seconds < 0 ? nil : seconds
}
