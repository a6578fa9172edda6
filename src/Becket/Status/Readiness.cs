using Becket.Blocks.Filters;
using Becket.Daemon;

namespace Becket.Status;

/// <summary>Judges whether a process is fit to be used: everything is served, and nothing fails or waits for its store.</summary>
internal static class Readiness
{
    /// <summary>A read that waits longer than this waits for a store in trouble, not for a slow one.</summary>
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(5);

    /// <summary>What is wrong, a sentence each; nothing where it is ready.</summary>
    public static IReadOnlyList<string> Problems(StatusBoard board)
    {
        var problems = new List<string>();
        if (board.Phase == ServingPhase.Opening)
            problems.Add("starting: the exports are being opened");
        else if (board.Phase == ServingPhase.Stopping)
            problems.Add("stopping");
        foreach (var export in board.Exports)
        {
            if (Judge(export.Device.Health.Current) is (_, { } problem))
                problems.Add($"export \"{export.Name}\": {problem}");
        }
        return problems;
    }

    /// <summary>A device's state in a word, and what is wrong with it.</summary>
    public static (HealthState Health, string? Problem) Judge(DeviceHealth health) => health switch
    {
        { Failure: { } failure } => (HealthState.Failing, failure),
        { LongestWait: var wait } when wait > Usual =>
            (HealthState.Waiting, $"a read has been waiting for the store for {wait.TotalSeconds:0} s"),
        _ => (HealthState.Ok, null),
    };
}
