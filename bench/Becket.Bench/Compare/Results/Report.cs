using System.Text.Json;
using System.Text.Json.Serialization;
using Becket.Bench.Compare.Setting;

namespace Becket.Bench.Compare.Results;

/// <summary>Writes what was measured: <c>results.txt</c>, <c>results.json</c> with every single run, <c>results.svg</c>.</summary>
internal static class Report
{
    private const string Legend =
        """
        Medians. "vs" is how many times as fast becket is. "> N": not done within N s; "N*": cut off, counted at the store,
        in the peer's favour.
        At the store: requests and bytes of bodies, from the start of becket to the end of the race.
        """;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>Returns the text.</summary>
    public static async Task<string> WriteAsync(
        CompareOptions options,
        Machine machine,
        IReadOnlyList<Measurement> measured,
        IReadOnlyList<Peer> everybody,
        CancellationToken cancellationToken)
    {
        var cells = Summary.Of(measured);
        var becket = options.BecketOptions.Count == 0 ? "its defaults" : string.Join(' ', options.BecketOptions);
        var text = $"{machine}\n{options.Rounds} rounds; becket with {becket}\n\n{TextTable.Write(cells, everybody)}{Legend}\n";
        foreach (var failed in measured.Where(one => one.Failure is not null))
            text += $"failed: {failed.Row}, {failed.Peer}, {failed.LatencyMs} ms: {failed.Failure}\n";

        Directory.CreateDirectory(options.Out);
        var document = new
        {
            machine,
            rounds = options.Rounds,
            becketOptions = options.BecketOptions,
            limits = options.Limits,
            medians = cells,
            runs = measured,
        };
        await File.WriteAllTextAsync(Path.Combine(options.Out, "results.txt"), text, cancellationToken);
        var json = JsonSerializer.Serialize(document, Json);
        await File.WriteAllTextAsync(Path.Combine(options.Out, "results.json"), json, cancellationToken);
        var chart = Chart.Write(cells, everybody, machine);
        await File.WriteAllTextAsync(Path.Combine(options.Out, "results.svg"), chart, cancellationToken);
        return text;
    }
}
