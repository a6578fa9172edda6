using System.Globalization;
using System.Text.Json;
using Becket.Bench.Compare.Results;
using Becket.Bench.Compare.Setting;

namespace Becket.Bench.Compare.Races;

/// <summary>What fio shall read. Where blocks are read once, the end of the device ends the job early.</summary>
internal sealed record FioJob(string Pattern, string BlockSize, int Depth, TimeSpan Time, FioJob.Coverage Blocks)
{
    public enum Coverage
    {
        Once,
        Repeated,
    }
}

/// <summary>fio with its NBD engine.</summary>
internal static class Fio
{
    /// <summary>Runs a job. The seed decides on the order of random blocks: one for everybody in a round.</summary>
    public static async Task<Measurement> RunAsync(string row, FioJob job, RaceRun run, CancellationToken cancellationToken)
    {
        string[] words =
        [
            $"--name={row}", "--ioengine=nbd", $"--uri={run.Order.Uri}", $"--size={run.Order.Image.Size}",
            $"--rw={job.Pattern}", $"--bs={job.BlockSize}", $"--iodepth={job.Depth}",
            string.Create(CultureInfo.InvariantCulture, $"--runtime={job.Time.TotalSeconds}"), $"--randseed={run.Round * 7919}",
            .. job.Blocks == FioJob.Coverage.Repeated ? (string[])["--time_based", "--norandommap"] : [],
            "--output-format=json",
        ];
        var output = await Tool.RunAsync("fio", words, cancellationToken);
        using var report = JsonDocument.Parse(output[output.IndexOf('{')..]);
        var read = report.RootElement.GetProperty("jobs")[0].GetProperty("read");
        var operations = read.GetProperty("total_ios").GetDouble();
        if (operations == 0)
            throw new IOException($"fio read nothing: {output}");

        var unit = job.Pattern == "read" ? Unit.MegabytesPerSecond : Unit.Iops;
        var value = unit == Unit.Iops ? read.GetProperty("iops").GetDouble() : read.GetProperty("bw_bytes").GetDouble() / 1e6;
        return new Measurement(row, unit, value, Outcome.Finished)
        {
            Details = new Dictionary<string, double>(StringComparer.Ordinal)
            {
                ["operations"] = operations,
                ["p50Microseconds"] = Percentile(read, "50.000000"),
                ["p99Microseconds"] = Percentile(read, "99.000000"),
            },
        };
    }

    private static double Percentile(JsonElement read, string name) =>
        read.GetProperty("clat_ns").TryGetProperty("percentile", out var all) && all.TryGetProperty(name, out var value)
            ? value.GetDouble() / 1000
            : 0;
}

/// <summary>One fio job on a server that has read nothing yet.</summary>
internal sealed class ColdFioRace(string id, IReadOnlyList<Peer> peers, Func<RaceLimits, FioJob> job) : SingleRace(id, Images.Random)
{
    public override IReadOnlyList<Peer> Peers => peers;

    public static ColdFioRace Sequential(IReadOnlyList<Peer> peers) =>
        new("seq", peers, limits => new FioJob("read", "128k", 1, limits.Sequential, FioJob.Coverage.Once));

    public static ColdFioRace Random(string id, int depth, IReadOnlyList<Peer> peers) =>
        new(id, peers, limits => new FioJob("randread", "4k", depth, limits.Random, FioJob.Coverage.Once));

    protected override Task<Measurement> MeasureAsync(RaceRun run, CancellationToken cancellationToken) =>
        Fio.RunAsync(Id, job(run.Limits), run, cancellationToken);
}
