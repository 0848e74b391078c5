import BackupModel
import Foundation
import Testing

@Suite struct TimestampTests {
    @Test(
        "a time prints as UTC and is read back",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"), (-86_400_000, "1969-12-31T00:00:00.000Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"), (4_107_542_399_000, "2100-02-28T23:59:59.000Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (1_795_532_101_250, "2026-11-24T14:55:01.250Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"), (-62_135_596_800_000, "0001-01-01T00:00:00.000Z")
        ])
    func known(_ milliseconds: Int, _ text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
        #expect(Timestamp(text)?.milliseconds == milliseconds)
    }

    @Test("every day of four centuries agrees with Foundation and comes back")
    func everyDay() throws {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        for day in stride(from: -36_524, to: 109_573, by: 1) {
            let time = Timestamp(milliseconds: day * 86_400_000 + 43_200_001)
            #expect(Timestamp(time.description) == time)
            if day % 97 == 0 { #expect(Date(timeIntervalSince1970: Double(time.milliseconds) / 1000 + 0.0001).formatted(style) == time.description) }
        }
    }

    @Test("the fraction may be left out")
    func withoutFraction() { #expect(Timestamp("2026-11-24T14:55:01Z") == Timestamp("2026-11-24T14:55:01.000Z")) }

    @Test("the compact form has no punctuation")
    func compact() { #expect(Timestamp("2026-01-02T03:04:05.678Z")?.compact == "20260102T030405Z") }

    @Test(
        "what is no time in UTC is refused",
        arguments: [
            "", "2026-11-24", "2026-11-24T14:55:01", "2026-11-24T14:55:01+00:00", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-02-30T00:00:00Z", "2025-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
            "2026-04-31T00:00:00Z", "2026-11-00T00:00:00Z", "2026-11-24T24:00:00Z", "2026-11-24T14:60:00Z", "2026-11-24T14:55:60Z", "2026-11-24 14:55:01Z", "2026-11-24T14:55:01,250Z",
            "2026-11-24T14:55:01.2500Z", "+026-11-24T14:55:01Z", "2026-11-24T14:55:01.-50Z", "２026-11-24T14:55:01Z"
        ])
    func refused(_ text: String) { #expect(Timestamp(text) == nil) }
}
