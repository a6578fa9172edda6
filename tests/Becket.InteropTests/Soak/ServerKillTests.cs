using System.Globalization;
using System.Net.Sockets;
using Becket.InteropTests.Faults;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;
using Becket.Nbd;
using Becket.Objects;

namespace Becket.InteropTests.Soak;

/// <summary>
/// Servers that share a cache folder and are killed (SIGKILL) at random moments, again and again. <c>BECKET_KILLS=200</c> kills so often,
/// <c>BECKET_SEED=7</c> at other moments.
/// </summary>
public sealed class ServerKillTests(RealStores stores) : InteropTest(stores)
{
    private const int Clients = 3;

    /// <summary>What reads wait where nobody says otherwise.</summary>
    private static readonly TimeSpan IoTimeout = new RetryPolicy().Deadline;

    private static readonly int Kills = LongRun.Number("BECKET_KILLS", 20);

    private long _compared;

    [Fact]
    public async Task Killed_servers_leave_a_cache_folder_that_never_gives_wrong_bytes()
    {
        // However many kills there are: no limit but the run's own.
        var token = TestContext.Current.CancellationToken;
        await using var store = await TroubledStore.StartAsync(FaultRun.Objects, token);
        // The survivor writes and evicts in the same folder all the while.
        var roomy = SourceOf(store, "64M");
        var narrow = SourceOf(store, "8M");
        var random = new Random(LongRun.Seed);
        try
        {
            await using var survivor = await BecketServer.StartAsync(narrow, token);
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(token);
            var surviving = ReadUntilTheEndAsync(survivor, random.Next(), ending.Token);
            for (var kill = 0; kill < Kills; kill++)
            {
                var becket = await BecketServer.StartAsync(kill % 3 == 2 ? narrow : roomy, token);
                var reading = ReadUntilTheEndAsync(becket, random.Next(), token);
                await Task.Delay(random.Next(5, 250), token);
                await becket.DisposeAsync(); // SIGKILL
                await reading;
                Assert.False(surviving.IsFaulted, surviving.Exception?.ToString());
            }
            await ending.CancelAsync();
            await surviving;

            await using var last = await BecketServer.StartAsync(roomy, token);
            for (var number = 1; number <= FaultRun.Objects.Count(); number++)
            {
                await using var client = await NbdClient.ConnectAsync(NbdUri.Unix(last.Socket, NameOf(number)), token);
                Assert.Equal(Seen.RightBytes, await new ClientView(client, number, IoTimeout).ReadAsync(0, TroubledStore.Size, token));
            }
            await last.StopAsync(token);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw new InvalidOperationException($"BECKET_SEED={LongRun.Seed} BECKET_KILLS={Kills}: {e.Message}", e);
        }
        TestContext.Current.TestOutputHelper?.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{Kills} kills, seed {LongRun.Seed}: {_compared >> 20} MiB compared, no wrong byte"));
    }

    private Source SourceOf(TroubledStore store, string cacheSize) => store.Source(KeyPlace.Environment).With([
        .. FaultRun.Objects.SelectMany(static key => (string[])["--export", $"{key}=s3://{TroubledStore.Bucket}/{key}"]),
        "--cache-dir", Folder["cache"], "--cache-size", cacheSize, "--cache-memory", "16M", "--zone", "512K", "--readahead", "1M",
    ]);

    /// <summary>Clients that read anywhere and compare, until their server has gone or they are told to end.</summary>
    private Task ReadUntilTheEndAsync(BecketServer becket, int seed, CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, Clients).Select(i => Task.Run(
            () => ReadUntilTheEndAsync(becket.Socket, i + 1, new Random(seed + i), cancellationToken), CancellationToken.None)));

    private async Task ReadUntilTheEndAsync(string socket, int number, Random random, CancellationToken cancellationToken)
    {
        var buffer = new byte[64 << 10];
        try
        {
            await using var client = await NbdClient.ConnectAsync(NbdUri.Unix(socket, NameOf(number)), cancellationToken);
            while (true)
            {
                var part = buffer.AsMemory(0, (1 + random.Next(16)) * 4096);
                var offset = random.Next((TroubledStore.Size - part.Length) / 512) * 512L;
                await client.ReadAsync(offset, part, cancellationToken);
                Assert.True(KnownBytes.Are(number, offset, part.Span), $"wrong bytes in object {number} at {offset}, {part.Length} bytes");
                Interlocked.Add(ref _compared, part.Length);
            }
        }
        catch (NbdException e) when (e.Errno != 0)
        {
            Assert.Fail($"object {number}: {e.Message}");
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            // It was killed, or this is the end.
        }
    }

    private static string NameOf(int number) => FaultRun.Objects.ElementAt(number - 1);
}
