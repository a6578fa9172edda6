using System.Text.Json;
using Becket.Bench.Compare.Results;
using Becket.Bench.Compare.Setting;

namespace Becket.Bench.Compare.Races;

/// <summary>The yardstick in the same round: the object read by plain parallel GETs, in a process of its own as the servers are.</summary>
internal static class PlainGetsRun
{
    public const string Row = "plain-gets";
    public const string Peer = "plain GETs";

    public static async Task<Measurement> MeasureAsync(DistantStore store, Image image, int round, CancellationToken cancellationToken)
    {
        await store.ResetCountsAsync(cancellationToken);
        var output = await Tool.RunAsync(Environment.ProcessPath!, ["plain-gets", store.UrlOf(image).ToString()], cancellationToken);
        using var report = JsonDocument.Parse(output);
        var counts = await store.CountsAsync(cancellationToken);
        var rate = report.RootElement.GetProperty("megabytesPerSecond").GetDouble();
        return new Measurement(Row, Unit.MegabytesPerSecond, rate, Outcome.Finished)
        {
            Peer = Peer,
            Round = round,
            LatencyMs = store.LatencyMs,
            Requests = counts.Requests,
            Bytes = counts.Bytes,
            PeakRequests = counts.PeakInFlight,
        };
    }
}
