using System.Runtime.InteropServices;
using Becket.InteropTests.Processes;
using Becket.Nbd;

namespace Becket.InteropTests.Faults;

/// <summary>
/// One fault and the clients of one server that it meets: one about to read for the first time, one in the middle of an object, and one
/// that has read all of it before.
/// </summary>
internal sealed class FaultRun(TroubleWith trouble, TimeSpan ioTimeout)
{
    private const int Middle = 1 << 20;

    /// <summary>Little is fetched before it is asked for, so that the fault meets the reads.</summary>
    private static readonly string[] Options = ["--zone", "128K", "--readahead", "256K", "--cache-memory", "64M", "--prefetch", "none"];

    private static readonly string[] Keys = ["first", "middle", "warm"];

    public static IEnumerable<string> Objects => Keys;

    /// <summary>The fault begins, and ends when the clients have seen it, or after <paramref name="lasts"/>.</summary>
    public async Task<FaultResult> WhileServingAsync(TimeSpan? lasts, CancellationToken cancellationToken)
    {
        await using var becket = await ServeAsync(cancellationToken);
        await using var first = await ConnectAsync(becket, 1, cancellationToken);
        await using var middle = await ConnectAsync(becket, 2, cancellationToken);
        await using var warm = await ConnectAsync(becket, 3, cancellationToken);
        Assert.Equal(Seen.RightBytes, await middle.View.ReadAsync(0, Middle, cancellationToken));
        Assert.Equal(Seen.RightBytes, await warm.View.ReadAsync(0, TroubledStore.Size, cancellationToken));

        await trouble.Begin(cancellationToken);
        Task<Seen>[] reads =
        [
            first.View.ReadAsync(0, Middle, cancellationToken),
            middle.View.ReadAsync(Middle, TroubledStore.Size, cancellationToken),
            warm.View.ReadAsync(0, TroubledStore.Size, cancellationToken),
        ];
        if (lasts is { } time)
            await Task.Delay(time, cancellationToken);
        else
            await Task.WhenAll(reads);
        await trouble.End(cancellationToken);
        var seen = await Task.WhenAll(reads);

        var after = Seen.RightBytes;
        foreach (var client in (Connected[])[first, middle, warm])
        {
            if (await client.View.ReadAsync(0, TroubledStore.Size, cancellationToken) is not Seen.RightBytes and var wrong)
                after = wrong;
        }
        becket.Signal(PosixSignal.SIGTERM);
        await becket.EndAsync(cancellationToken);
        return new FaultResult(seen[0], seen[1], seen[2], after, becket.Errors.ToString());
    }

    /// <summary>The fault is there before the server; afterwards another one is started.</summary>
    public async Task<OpenResult> WhileOpeningAsync(CancellationToken cancellationToken)
    {
        await trouble.Begin(cancellationToken);
        using var folder = new TemporaryFolder();
        // The program that --run starts has nothing to do: a good end means that the server was ready.
        var during = await OpenAsync(folder, cancellationToken);
        await trouble.End(cancellationToken);
        var after = await OpenAsync(folder, cancellationToken);
        return new OpenResult(during.ExitCode == 0, after.ExitCode == 0, during.Errors);
    }

    private Task<ProcessOutcome> OpenAsync(TemporaryFolder folder, CancellationToken cancellationToken) =>
        BecketServer.CommandFor(trouble.Source.With($"s3://{TroubledStore.Bucket}/first"), "-U", folder["sock"], "--run", "true")
            .RunAsync(cancellationToken);

    private async Task<BecketServer> ServeAsync(CancellationToken cancellationToken) => await BecketServer.StartAsync(
        trouble.Source.With([
            .. Keys.SelectMany(static key => (string[])["--export", $"{key}=s3://{TroubledStore.Bucket}/{key}"]),
            .. Options, "--io-timeout", $"{ioTimeout.TotalSeconds:0}",
        ]),
        cancellationToken);

    private async Task<Connected> ConnectAsync(BecketServer becket, int number, CancellationToken cancellationToken)
    {
        var client = await NbdClient.ConnectAsync(NbdUri.Unix(becket.Socket, Keys[number - 1]), cancellationToken);
        return new Connected(client, new ClientView(client, number, ioTimeout));
    }

    private sealed record Connected(NbdClient Client, ClientView View) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Client.DisposeAsync();
    }
}

/// <summary>A store and what is wrong with it from <see cref="Begin"/> to <see cref="End"/>.</summary>
internal sealed record TroubleWith(Stores.Source Source, Func<CancellationToken, Task> Begin, Func<CancellationToken, Task> End);

/// <summary>What each client saw while the fault was there, what all of them saw afterwards, and the server's log.</summary>
internal sealed record FaultResult(Seen First, Seen Middle, Seen Warm, Seen After, string Log);

/// <summary>Whether a server started while the fault was there, and afterwards.</summary>
internal sealed record OpenResult(bool During, bool After, string Log);
