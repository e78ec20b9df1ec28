import CoreMetrics
import Synchronization

/// A backend of swift-metrics that keeps values in this process and writes them in the Prometheus format.
///
/// Each instrument gets one atomic number (or one per bucket) when it is made; recording takes no lock and allocates no
/// memory. Gauges keep the last value, timers are histograms in seconds. Instruments stay on the page once made; a
/// server makes a fixed number.
final class PrometheusRegistry: MetricsFactory {
    /// The help text of a metric and, for a histogram, the upper bounds of its buckets in nanoseconds, ascending.
    struct Description: Sendable {
        var help: String
        var bounds: [UInt64] = []
    }

    private enum Instrument: Sendable {
        case counter(PrometheusCounter)
        case gauge(PrometheusGauge)
        case histogram(PrometheusHistogram)

        var type: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    private struct Series: Sendable {
        let labels: [(String, String)]
        let instrument: Instrument
    }

    private struct Family: Sendable {
        let name: String
        let type: String
        var series: [Series] = []
    }

    private let descriptions: [String: Description]
    /// In the order in which they were first made.
    private let families = Mutex<[Family]>([])

    init(_ descriptions: [String: Description]) {
        self.descriptions = descriptions
    }

    private func add(_ name: String, _ labels: [(String, String)], _ instrument: Instrument) {
        families.withLock { families in
            let series = Series(labels: labels, instrument: instrument)
            if let index = families.firstIndex(where: { $0.name == name }) {
                precondition(families[index].type == instrument.type, "\(name) is made as two kinds of metric")
                families[index].series.append(series)
            } else {
                families.append(Family(name: name, type: instrument.type, series: [series]))
            }
        }
    }

    // MARK: MetricsFactory

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        let counter = PrometheusCounter()
        add(label, dimensions, .counter(counter))
        return counter
    }

    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        let gauge = PrometheusGauge()
        add(label, dimensions, .gauge(gauge))
        return gauge
    }

    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        let gauge = PrometheusGauge()
        add(label, dimensions, .gauge(gauge))
        return gauge
    }

    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let histogram = PrometheusHistogram(bounds: descriptions[label]?.bounds ?? [])
        add(label, dimensions, .histogram(histogram))
        return histogram
    }

    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyMeter(_ handler: any MeterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}

    // MARK: The page

    /// Source: the Prometheus text format, version 0.0.4.
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    var text: String {
        var text = ""
        for family in families.withLock({ $0 }) {
            if let help = descriptions[family.name]?.help {
                text += "# HELP \(family.name) \(Self.escaped(help, quote: false))\n"
            }
            text += "# TYPE \(family.name) \(family.type)\n"
            for series in family.series { Self.append(series, named: family.name, to: &text) }
        }
        return text
    }

    private static func append(_ series: Series, named name: String, to text: inout String) {
        let labels = series.labels
        switch series.instrument {
        case .counter(let counter):
            text += "\(name)\(rendered(labels)) \(counter.value)\n"
        case .gauge(let gauge):
            text += "\(name)\(rendered(labels)) \(rendered(gauge.value))\n"
        case .histogram(let histogram):
            let state = histogram.state
            var cumulative: UInt64 = 0
            for (bound, count) in zip(histogram.bounds.map { rendered(Double($0) / 1e9) } + ["+Inf"], state.counts) {
                cumulative += count
                text += "\(name)_bucket\(rendered(labels + [("le", bound)])) \(cumulative)\n"
            }
            text += "\(name)_sum\(rendered(labels)) \(rendered(Double(state.nanoseconds) / 1e9))\n"
            text += "\(name)_count\(rendered(labels)) \(cumulative)\n"
        }
    }

    private static func rendered(_ labels: [(String, String)]) -> String {
        guard !labels.isEmpty else { return "" }
        return "{" + labels.map { "\($0)=\"\(escaped($1, quote: true))\"" }.joined(separator: ",") + "}"
    }

    private static func rendered(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int(exactly: value).map { "\($0)" } ?? "\(value)"
    }

    private static func escaped(_ text: String, quote: Bool) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quote: escaped += "\\\""
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
