namespace Becket.InteropTests.Faults;

/// <summary>A row of the table: one fault, met while opening, while it lasts, and while it passes.</summary>
internal sealed record FaultRow(string Fault, string? Says, OpenResult Open, FaultResult Lasting, FaultResult Passing)
{
    /// <summary>Shorter than any fault that lasts.</summary>
    public static readonly TimeSpan ShortTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Longer than an attempt that stalls, so that there is time for another one.</summary>
    public static readonly TimeSpan LongTimeout = TimeSpan.FromSeconds(20);

    public static readonly TimeSpan Moment = TimeSpan.FromSeconds(0.7);

    /// <summary>Each of the three has a store and a server of its own.</summary>
    public static async Task<FaultRow> RunAsync(StoreFault fault, SemaphoreSlim room, CancellationToken cancellationToken)
    {
        var open = RunAsync(fault, ShortTimeout, room, run => run.WhileOpeningAsync(cancellationToken), cancellationToken);
        var lasting = RunAsync(fault, ShortTimeout, room, run => run.WhileServingAsync(lasts: null, cancellationToken), cancellationToken);
        var passing = RunAsync(fault, LongTimeout, room, run => run.WhileServingAsync(Moment, cancellationToken), cancellationToken);
        return new FaultRow(fault.Name, fault.Says, await open, await lasting, await passing);
    }

    public override string ToString() =>
        $"| {Fault} | {(Open.During ? "starts" : "refuses")}{(Open.After ? "" : ", **and afterwards**")} "
        + $"| {Passing.First.InWords()} | {Passing.Middle.InWords()} "
        + $"| {Lasting.First.InWords()} | {Lasting.Middle.InWords()} | {Lasting.Warm.InWords()} "
        + $"| {LogInWords()} | {AfterInWords()} |";

    /// <summary>The row, and what the servers said in each of its three parts.</summary>
    public string WithLogs() => $"{this}\n  open: {Open.Log}\n  lasting: {Lasting.Log}\n  passing: {Passing.Log}";

    private string LogInWords() =>
        Says is null ? "-" : Lasting.Log.Contains(Says, StringComparison.Ordinal) ? $"\"{Says}\"" : "**not what it should**";

    private string AfterInWords() =>
        Lasting.After == Passing.After ? Lasting.After.InWords() : $"{Lasting.After.InWords()}, {Passing.After.InWords()}";

    private static async Task<T> RunAsync<T>(
        StoreFault fault, TimeSpan ioTimeout, SemaphoreSlim room, Func<FaultRun, Task<T>> run, CancellationToken cancellationToken)
    {
        await room.WaitAsync(cancellationToken);
        try
        {
            await using var store = await TroubledStore.StartAsync(FaultRun.Objects, cancellationToken);
            var trouble = new TroubleWith(fault.Reach(store), token => fault.Begin(store, token), token => fault.End(store, token));
            return await run(new FaultRun(trouble, ioTimeout));
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw new InvalidOperationException($"{fault.Name}: {e.Message}", e);
        }
        finally
        {
            room.Release();
        }
    }
}
