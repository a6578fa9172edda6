using Becket.Blocks;
using Becket.Blocks.Sources;
using Becket.Nbd;
using Becket.Nbd.Handshake;
using Becket.Nbd.Protocol;
using Becket.Nbd.Transmission;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Becket.Bench.Micro;

/// <summary>
/// A whole connection without its socket: requests from the receive buffer through validation and device into the batch
/// of replies. Time and allocations are those of one read; the connection's own buffers are spread over all of them.
/// </summary>
[MemoryDiagnoser]
public class ConnectionBenchmarks
{
    private const int Requests = 16 * 1024;
    private const int DiskSize = 64 << 20;
    private const int Seed = 1;

    private readonly NegotiatedExport _export = new("", new MemoryDevice(DiskSize), ReplyStyle.Simple, context: null);
    private byte[] _wire = [];

    [Params(4096, 65536)]
    public int Length { get; set; }

    [GlobalSetup]
    public async Task SetupAsync()
    {
        var random = new Random(Seed);
        var content = new byte[DiskSize];
        random.NextBytes(content);
        await _export.Device.WriteAsync(0, content, WriteOptions.None, CancellationToken.None);

        _wire = new byte[(Requests + 1) * NbdRequest.Size];
        for (var number = 0; number < Requests; number++)
        {
            var offset = random.NextInt64(DiskSize / Length) * Length;
            new NbdRequest(CommandFlags.None, Command.Read, number, offset, (uint)Length).Write(_wire.AsSpan(number * NbdRequest.Size));
        }
        new NbdRequest(CommandFlags.None, Command.Disconnect, 0, 0, 0).Write(_wire.AsSpan(Requests * NbdRequest.Size));
    }

    [Benchmark(OperationsPerInvoke = Requests)]
    public long Read_what_is_at_hand()
    {
        var options = new NbdServerOptions();
        var room = new TransferRoom(options.TransferMemory, options.CrowdedTimeout, TimeProvider.System);
        using var client = new ScriptedClient(_wire);
        using var transport = new NbdTransport(client);
        using var lifetime = new ConnectionLifetime(transport);
        new NbdConnection(transport, _export, options, room, lifetime, NullLogger.Instance).Run();

        return client.Taken == Requests * (long)(SimpleReply.Size + Length)
            ? client.Taken
            : throw new InvalidOperationException($"the connection sent {client.Taken} bytes");
    }
}
