using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Faults;

/// <summary>
/// What clients see of every fault, in every phase: the tables of <c>docs/reliability.md</c>. Wrong bytes fail it wherever they come.
/// </summary>
public sealed class FaultMatrixTests(RealStores stores, MountNamespace mountNamespace) : InteropTest(stores)
{
    /// <summary>Stores and servers at a time. Most of them wait for a time to pass.</summary>
    private const int AtATime = 12;

    [Fact]
    public async Task Faults_of_a_store_are_what_the_table_says()
    {
        // For the fault of the resolver.
        await mountNamespace.RequireAsync(Token);
        using var room = new SemaphoreSlim(AtATime);
        var running = StoreFault.All.Select(fault => FaultRow.RunAsync(fault, room, Token)).ToArray();
        await Task.WhenAll(running.Select(static row => row.ContinueWith(static _ => { }, TaskScheduler.Default)));
        Assert.All(running, static row => Assert.Null(row.Exception?.InnerException));
        var rows = await Task.WhenAll(running);
        foreach (var row in rows)
            TestContext.Current.TestOutputHelper?.WriteLine(row.WithLogs());
        ReliabilityDocument.Hold("dev-s3", rows);
    }
}
