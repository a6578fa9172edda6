namespace Becket.Tests.Nbd;

public class HotPathTests
{
    private const int Requests = 100_000;
    private const int Batch = 64;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_read_that_the_device_has_at_hand_allocates_nothing(bool structured)
    {
        // The device is called on the connection's own thread, which is the one whose allocations count.
        var allocated = new long[2];
        var reads = 0;
        var device = new ArrayDevice(new byte[65536])
        {
            Trying = _ =>
            {
                // As many again before the measurement: what the runtime does once, on the first ways through, is no cost of a read.
                if (++reads is Requests or 2 * Requests)
                    allocated[(reads / Requests) - 1] = GC.GetAllocatedBytesForCurrentThread();
            },
        };
        await using var server = new RunningServer(device);
        using var client = structured ? server.Connect().EnterStructured() : server.Connect().EnterSimple();

        byte[] batch = [.. Enumerable.Range(0, Batch).SelectMany(i => RawClient.Request(RawClient.Read, (ulong)i * 512, 512, cookie: i))];
        var reply = new byte[Batch * ((structured ? 28 : 16) + 512)];
        for (var sent = 0; sent < 2 * Requests; sent += Batch)
        {
            client.Send(batch);
            for (var received = 0; received < reply.Length;)
                received += client.Socket.Receive(reply.AsSpan(received));
        }

        Assert.True(reads >= 2 * Requests);
        Assert.InRange(allocated[1] - allocated[0], 0, Requests / 100);
    }
}
