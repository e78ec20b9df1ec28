import ArgumentParser
import OrreryInspector

/// The format of what is printed; a table if nothing is said.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON lines: one entity, or one change, on each.")
    var json = false

    @Flag(help: "Print comma-separated values, one column for each field.")
    var csv = false

    func validate() throws {
        if json, csv { throw ValidationError("choose one format: --json or --csv") }
    }

    var format: StateFormat { json ? .json : csv ? .csv : .table }
}
