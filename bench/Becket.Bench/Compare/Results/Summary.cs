using Becket.Bench.Compare.Races;

namespace Becket.Bench.Compare.Results;

/// <summary>The median of one peer's runs in one row at one latency.</summary>
internal sealed record Cell(string Row, int LatencyMs, string Peer, Unit Unit, double Value, Outcome Outcome, int Runs)
{
    public double Requests { get; init; }

    public double Bytes { get; init; }

    public double ServerCpuSeconds { get; init; }

    /// <summary>For warm random reads: CPU seconds of the server per million requests; 0 elsewhere.</summary>
    public double CpuPerMillion { get; init; }

    /// <summary>For nbdcopy: the median of each round's ratio to plain GETs; 0 elsewhere.</summary>
    public double OfPlainGets { get; init; }

    /// <summary>How many times as fast this one is as another; bounded ones make it a bound.</summary>
    public double SpeedupOver(Cell other) => Unit == Unit.Seconds ? other.Value / Value : Value / other.Value;
}

/// <summary>Medians of everything that was measured.</summary>
internal static class Summary
{
    public static IReadOnlyList<Cell> Of(IReadOnlyList<Measurement> measured) =>
    [
        .. measured
            .GroupBy(one => (one.Row, one.LatencyMs, one.Peer))
            .Select(group => Summarize([.. group], measured)),
    ];

    private static Cell Summarize(IReadOnlyList<Measurement> runs, IReadOnlyList<Measurement> measured)
    {
        var worst = runs.Max(run => run.Outcome);
        var finished = runs.Where(run => run.Outcome != Outcome.Failed).ToList();
        var (any, unit) = (runs[0], (finished.FirstOrDefault() ?? runs[0]).Unit);
        return new Cell(any.Row, any.LatencyMs, any.Peer, unit, Median(finished.Select(run => run.Value)), worst, runs.Count)
        {
            Requests = Median(finished.Select(run => (double)run.Requests)),
            Bytes = Median(finished.Select(run => (double)run.Bytes)),
            ServerCpuSeconds = Median(finished.Select(run => run.ServerCpuSeconds)),
            CpuPerMillion = Median(finished.Select(run => run.Details.GetValueOrDefault("serverCpuSecondsPerMillionRequests"))),
            OfPlainGets = Median(finished.Select(run => OfPlainGets(run, measured))),
        };
    }

    private static double OfPlainGets(Measurement run, IReadOnlyList<Measurement> measured)
    {
        var yardstick = measured.FirstOrDefault(one =>
            one.Row == PlainGetsRun.Row && one.Round == run.Round && one.LatencyMs == run.LatencyMs);
        return run.Row == "copy" && yardstick is not null ? run.Value / yardstick.Value : 0;
    }

    /// <summary>The middle one, or the mean of the middle two.</summary>
    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length == 0 ? 0 : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
