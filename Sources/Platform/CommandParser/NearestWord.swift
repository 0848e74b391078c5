/// The candidate that `word` is most likely a slip of, or nil when none is near.
///
/// The distance is Damerau–Levenshtein (insert, delete, replace, swap neighbours; optimal string alignment), without regard to case; at most a third of the
/// longer word, and at least one slip, may differ. Of equally near ones, the first.
package func nearestWord(to word: String, among candidates: some Sequence<String>) -> String? {
    // Longer words are nobody's slip of the hand, and the distance takes time in proportion to both lengths.
    guard word.utf8.count <= 128 else { return nil }
    let typed = Array(word.lowercased())
    var best: (candidate: String, distance: Int)?
    for candidate in candidates {
        let known = Array(candidate.lowercased())
        let allowed = max(1, max(typed.count, known.count) / 3)
        guard !typed.isEmpty, abs(typed.count - known.count) <= allowed else { continue }
        let distance = editDistance(typed, known)
        if distance <= allowed, distance < max(typed.count, known.count), distance < best?.distance ?? Int.max { best = (candidate, distance) }
    }
    return best?.candidate
}

private func editDistance(_ left: [Character], _ right: [Character]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for i in left.indices {
        var row = [i + 1]
        for j in right.indices {
            var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (left[i] == right[j] ? 0 : 1))
            if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] { cost = min(cost, beforeLast[j - 1] + 1) }
            row.append(cost)
        }
        (beforeLast, last) = (last, row)
    }
    return last[right.count]
}
