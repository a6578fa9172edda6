using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Faults;

/// <summary>The same for a real gateway, with what can happen to it as a process and to what it serves. It is this test's own.</summary>
public sealed class RadosGatewayFaultMatrixTests(RealStores stores) : InteropTest(stores)
{
    [Fact]
    public async Task Faults_of_a_real_gateway_are_what_the_table_says()
    {
        await using var gateway = await TroubledGateway.StartAsync(Token);

        // One after the other: there is one gateway.
        var rows = new[]
        {
            await RowAsync("object replaced, then put back", "replaced", gateway.ObjectsReplaced),
            await RowAsync("object deleted, then put back", "does not exist", gateway.ObjectsDeleted),
            await RowAsync("bucket deleted, then put back", "there is no bucket", gateway.BucketDeleted),
            await RowAsync("permission withdrawn (bucket policy)", "access denied", gateway.PermissionWithdrawn),
            await RowAsync("key removed, then put back", "does not know the access key", gateway.KeyRemoved),
            await RowAsync("radosgw restarted under open connections", says: null, gateway.Restarted),
            await RowAsync("radosgw killed, then started again", "the server refused the connection", gateway.Killed),
            await RowAsync("radosgw paused", "nothing came for", gateway.Paused),
        };

        foreach (var row in rows)
            TestContext.Current.TestOutputHelper?.WriteLine(row.WithLogs());
        ReliabilityDocument.Hold("radosgw", rows);
    }

    private async Task<FaultRow> RowAsync(string name, string? says, TroubleWith trouble) => new(
        name,
        says,
        await new FaultRun(trouble, FaultRow.ShortTimeout).WhileOpeningAsync(Token),
        await new FaultRun(trouble, FaultRow.ShortTimeout).WhileServingAsync(lasts: null, Token),
        await new FaultRun(trouble, FaultRow.LongTimeout).WhileServingAsync(FaultRow.Moment, Token));
}
