using System.Collections.Concurrent;
using System.Net.Sockets;
using Becket.Nbd;
using Becket.Nbd.Tls;
using Becket.Tests.Nbd.Handshake;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Becket.Tests.Nbd.Fuzzing;

/// <summary>
/// Thousands of hostile clients, several at a time, beside one that behaves. A seed says what a client sends and how it leaves;
/// the order of threads it cannot say.
/// </summary>
[Collection(nameof(Alone))]
public sealed class FuzzTests : IDisposable
{
    private const int Tasks = 4;
    private const int StalledAtOnce = 16;
    private const long MemoryGrowth = 8 * 1024 * 1024;

    /// <summary>More than the client that behaves has rented at any time.</summary>
    private const long KeptByOne = 1024 * 1024;

    private readonly TestCertificates _certificates = new();
    private readonly byte[] _hello = TlsHello.Record();
    private readonly ConcurrentQueue<Socket> _stalled = new();
    private int _next;
    private volatile bool _isOver;

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task Hostile_clients_get_what_the_specification_says_and_disturb_nobody()
    {
        var (first, last) = FuzzSeeds.Read();
        var socketsBefore = ProcessCount.Sockets();

        // Whoever is slow on a busy machine is not to be ended for it: its answers must be complete.
        var options = new NbdServerOptions { CrowdedTimeout = TimeSpan.FromMinutes(10), SendTimeout = TimeSpan.FromMinutes(10) };
        var tls = TlsServer.Load(
            TlsFiles.InFolder(_certificates.Folder), peers: null, TlsDemand.Offered, TimeProvider.System, NullLogger.Instance);
        await using (var plain = Start(options))
        await using (var withTls = Start(options with { Tls = tls }))
        {
            var good = ReadAllTheTimeAsync(plain);
            var goodWithTls = ReadAllTheTimeAsync(withTls);

            var middle = Math.Min(last, first + Math.Max(last - first, 1000) / 2);
            await RunAsync(first, middle, plain, withTls);
            var memory = GC.GetTotalMemory(forceFullCollection: true);
            await RunAsync(middle + 1, last, plain, withTls);

            while (_stalled.TryDequeue(out var socket))
                socket.Dispose();
            await Condition.WaitAsync(
                () => plain.Connections == 1 && withTls.Connections == 1, "connections of clients that are gone to end");
            Assert.True(ProcessCount.SessionThreads() > 0);
            Assert.All([plain, withTls], server => Assert.True(server.Room.Held < KeptByOne, $"{server.Room.Held} bytes are rented"));
            Assert.InRange(GC.GetTotalMemory(forceFullCollection: true), 0, memory + MemoryGrowth);
            _isOver = true;
            Assert.True(await good > 0 & await goodWithTls > 0);
            await Condition.WaitAsync(() => plain.Room.Held == 0 && withTls.Room.Held == 0, "memory of requests that are over to be free");
            Assert.DoesNotContain([.. plain.Log.Lines, .. withTls.Log.Lines], IsDefect);
        }

        await Condition.WaitAsync(() => ProcessCount.SessionThreads() == 0, "threads of sessions to end");
        await Condition.WaitAsync(() => ProcessCount.Sockets() <= socketsBefore, "sockets to be closed");
    }

    private static bool IsDefect(string line) =>
        line.Contains("internal error", StringComparison.Ordinal) || line.Contains("unexpectedly", StringComparison.Ordinal);

    private static RunningServer Start(NbdServerOptions options)
    {
        var server = new RunningServer(FuzzExports.Make(), options);
        server.Log.Level = LogLevel.Warning;
        return server;
    }

    private async Task RunAsync(int first, int last, RunningServer plain, RunningServer withTls)
    {
        _next = first - 1;
        var failed = false;
        await Task.WhenAll(Enumerable.Range(0, Tasks).Select(_ => Task.Factory.StartNew(
            () =>
            {
                int seed;
                while ((seed = Interlocked.Increment(ref _next)) <= last && !Volatile.Read(ref failed))
                {
                    try
                    {
                        RunOne(seed, plain, withTls);
                    }
                    catch (Exception e)
                    {
                        Volatile.Write(ref failed, true);
                        throw new InvalidOperationException($"seed {seed} failed; {FuzzSeeds.Variable}={seed}-{seed} runs it alone", e);
                    }
                }
            },
            TestContext.Current.CancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));
    }

    private void RunOne(int seed, RunningServer plain, RunningServer withTls)
    {
        var script = new FuzzScript(seed, _hello);
        var server = script.Protection == FuzzProtection.None ? plain : withTls;
        if (FuzzClient.Run(server.Address, script, new Random(seed)) is not { } socket)
            return;

        _stalled.Enqueue(socket);
        if (_stalled.Count > StalledAtOnce && _stalled.TryDequeue(out var oldest))
            oldest.Dispose();
    }

    /// <summary>The client that behaves; returns how often it has read.</summary>
    private async Task<int> ReadAllTheTimeAsync(RunningServer server)
    {
        await using var client = await server.ConnectClientAsync();
        var (random, buffer, count) = (new Random(1), new byte[50_000], 0);
        for (; !_isOver; count++)
        {
            var length = random.Next(1, buffer.Length);
            var offset = random.Next(FuzzExports.Size - length);
            await client.ReadAsync(offset, buffer.AsMemory(0, length), TestContext.Current.CancellationToken)
                .WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
            var isRight = FuzzExports.Content.AsSpan(offset, length).SequenceEqual(buffer.AsSpan(0, length));
            Assert.True(isRight, "wrong bytes for the client that behaves");
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }

        return count;
    }
}
