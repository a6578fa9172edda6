using System.CommandLine;
using System.Globalization;
using Becket.Bench.Compare.Results;

namespace Becket.Bench.Compare;

/// <summary>The command line of a comparison; <c>bench/compare</c> adds the store and the work folder.</summary>
internal sealed class CompareCommand
{
    private readonly Option<string> _work = new("--work") { Required = true, Hidden = true };
    private readonly Option<string> _endpoint = new("--endpoint-url") { Required = true, Hidden = true };
    private readonly Option<string> _accessKey = new("--access-key") { Required = true, Hidden = true };
    private readonly Option<string> _secretKey = new("--secret-key") { Required = true, Hidden = true };
    private readonly Option<string> _becket = new("--becket")
    {
        Required = true,
        Description = "The binary (default: dist/becket)",
        HelpName = "PATH",
    };
    private readonly Option<string> _becketOptions = new("--becket-options")
    {
        Description = "More options for every 'becket serve', in one word",
        HelpName = "OPTIONS",
    };
    private readonly Option<string> _out = new("--out")
    {
        Required = true,
        Description = "Where results go (default: bench/results)",
        HelpName = "DIR",
    };
    private readonly Option<int?> _rounds = new("--rounds")
    {
        Description = "How often everything is run (default: 3; quick: 1)",
        HelpName = "N",
    };
    private readonly Option<string> _latency = new("--latency")
    {
        Description = "Milliseconds to the store (default: 0,25,100; quick: 25)",
        HelpName = "LIST",
    };
    private readonly Option<string> _rows = new("--rows") { Description = $"Of {string.Join(',', KnownRows)}", HelpName = "LIST" };
    private readonly Option<string> _peers = new("--peers") { Description = $"Of {string.Join(',', KnownPeers)}", HelpName = "LIST" };
    private readonly Option<bool> _quick = new("--quick") { Description = "One round at 25 ms with short limits: a few minutes" };
    private readonly Option<int?> _mountLimit = new("--mount-limit")
    {
        Description = "Seconds after which a mount is cut off (default: 120; quick: 10)",
        HelpName = "SECONDS",
    };

    private static readonly string[] KnownRows =
        ["copy", "seq", "rand32", "rand1", "mount-ext4", "mount-ext4-copied", "mount-xfs", "mount-squashfs", "second-mount", "warm"];

    private static readonly string[] KnownPeers = ["s3", "curl", "readahead", "qemu", "file", "memory", "becket"];

    public Command Build()
    {
        var command = new Command("compare", "Race becket against its peers over the same objects")
        {
            _work, _endpoint, _accessKey, _secretKey, _becket, _becketOptions, _out, _rounds, _latency, _rows, _peers, _quick, _mountLimit,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken stopping)
    {
        var options = Read(parsed);
        var machine = await Machine.AskAsync(options.Becket, stopping);
        await using var comparison = await Comparison.OpenAsync(options, stopping);
        var exitCode = 0;
        try
        {
            await comparison.RunAsync(stopping);
        }
        catch (Exception) when (stopping.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("interrupted; these are the figures so far");
            exitCode = 130;
        }

        Console.Write(await Report.WriteAsync(options, machine, comparison.Measured, comparison.Everybody, CancellationToken.None));
        return exitCode == 0 && comparison.Measured.Any(one => one.Outcome == Outcome.Failed) ? 1 : exitCode;
    }

    private CompareOptions Read(ParseResult parsed)
    {
        var isQuick = parsed.GetValue(_quick);
        var limits = isQuick ? RaceLimits.Quick : RaceLimits.Full;
        if (parsed.GetValue(_mountLimit) is { } seconds)
            limits = limits with { Mount = TimeSpan.FromSeconds(seconds) };
        var latencies = parsed.GetValue(_latency) ?? (isQuick ? "25" : "0,25,100");
        return new CompareOptions
        {
            Work = parsed.GetValue(_work)!,
            Out = parsed.GetValue(_out)!,
            Becket = parsed.GetValue(_becket)!,
            BecketOptions = parsed.GetValue(_becketOptions)?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [],
            Account = new S3Account(new Uri(parsed.GetValue(_endpoint)!), parsed.GetValue(_accessKey)!, parsed.GetValue(_secretKey)!),
            Rounds = parsed.GetValue(_rounds) ?? (isQuick ? 1 : 3),
            LatenciesMs = [.. latencies.Split(',').Select(word => int.Parse(word, CultureInfo.InvariantCulture))],
            Rows = Pick(parsed, _rows, KnownRows),
            Peers = Pick(parsed, _peers, KnownPeers),
            Limits = limits,
        };
    }

    private static string[] Pick(ParseResult parsed, Option<string> option, string[] known)
    {
        var picked = parsed.GetValue(option)?.Split(',', StringSplitOptions.RemoveEmptyEntries) ?? [];
        return picked.FirstOrDefault(word => !known.Contains(word)) is { } unknown
            ? throw new InvalidDataException($"{option.Name}: '{unknown}' is none of {string.Join(", ", known)}")
            : picked;
    }
}
