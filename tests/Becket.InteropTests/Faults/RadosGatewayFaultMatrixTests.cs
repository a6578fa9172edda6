using Amazon.S3.Model;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Faults;

/// <summary>The same for a real gateway: one that is killed and started again, and one that is paused. It is this test's own.</summary>
public sealed class RadosGatewayFaultMatrixTests(RealStores stores) : InteropTest(stores)
{
    [Fact]
    public async Task Faults_of_a_real_gateway_are_what_the_table_says()
    {
        await using var gateway = await RadosGateway.StartAsync(Token);
        using (var client = gateway.Endpoint.CreateClient())
        {
            await client.PutBucketAsync(TroubledStore.Bucket, Token);
            var number = 0;
            foreach (var key in FaultRun.Objects)
            {
                KnownBytes.Write(Folder[key], ++number, TroubledStore.Size);
                var put = new PutObjectRequest { BucketName = TroubledStore.Bucket, Key = key, FilePath = Folder[key] };
                await client.PutObjectAsync(put, Token);
            }
        }
        var source = new Source(["--endpoint-url", gateway.Endpoint.Url.OriginalString], gateway.Endpoint.Environment);
        var killed = new TroubleWith(source, gateway.KillGatewayAsync, gateway.StartGatewayAsync);
        var paused = new TroubleWith(
            source, token => gateway.SignalGatewayAsync("STOP", token), token => gateway.SignalGatewayAsync("CONT", token));

        // One after the other: there is one gateway.
        var rows = new[]
        {
            await RowAsync("radosgw killed, then started again", "the server refused the connection", killed),
            await RowAsync("radosgw paused", "nothing came for", paused),
        };

        foreach (var row in rows)
            TestContext.Current.TestOutputHelper?.WriteLine(row.WithLogs());
        ReliabilityDocument.Hold("radosgw", rows);
    }

    private async Task<FaultRow> RowAsync(string name, string says, TroubleWith trouble) => new(
        name,
        says,
        await new FaultRun(trouble, FaultRow.ShortTimeout).WhileOpeningAsync(Token),
        await new FaultRun(trouble, FaultRow.ShortTimeout).WhileServingAsync(lasts: null, Token),
        await new FaultRun(trouble, FaultRow.LongTimeout).WhileServingAsync(FaultRow.Moment, Token));
}
