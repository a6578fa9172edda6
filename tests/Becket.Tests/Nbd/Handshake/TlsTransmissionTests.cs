using System.Net.Sockets;
using Becket.Blocks;
using Becket.Nbd;
using Becket.Nbd.Tls;
using Microsoft.Extensions.Logging.Abstractions;

namespace Becket.Tests.Nbd.Handshake;

/// <summary>Requests and replies within TLS, and how such connections end; with our own client, and with raw ones that misbehave.</summary>
public sealed class TlsTransmissionTests : IDisposable
{
    private readonly TestCertificates _certificates = new();
    private readonly byte[] _content = new byte[8 * 1024 * 1024];

    public TlsTransmissionTests() => new Random(9).NextBytes(_content);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _certificates.Dispose();

    /// <summary>Some replies come from the session's thread and some from the sender's, while the client goes on sending.</summary>
    [Fact]
    public async Task Reads_and_writes_of_many_tasks_at_once_stay_apart()
    {
        const int Seed = 31;
        var device = new ArrayDevice(_content.ToArray()) { Waiting = async (offset, _, _) => { if (offset % 3 == 0) await Task.Yield(); } };
        await using var server = Serve(device);
        await using var client = await ConnectAsync(server);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(async task =>
        {
            var random = new Random(Seed + task);
            var (start, size) = (task << 20, 1 << 20);
            for (var i = 0; i < 40; i++)
            {
                var offset = random.Next(size);
                var data = new byte[random.Next(1, size - offset + 1)];
                random.NextBytes(data);
                await client.WriteAsync(start + offset, data, WriteOptions.None, Token);
                var back = new byte[data.Length];
                await client.ReadAsync(start + offset, back, Token);
                Assert.True(data.AsSpan().SequenceEqual(back), $"seed {Seed}, task {task}, round {i}");
            }
        }));
    }

    [Fact]
    public async Task A_server_that_stops_finishes_what_is_in_flight_and_says_goodbye()
    {
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = Serve(new ArrayDevice(_content) { Waiting = (_, _, _) => { entered.TrySetResult(); return gate.Task; } });
        using var client = Enter(server);
        client.Send(RawClient.Request(RawClient.Read, 0, 100, cookie: 5));
        await entered.Task;

        server.Stop();
        gate.SetResult();

        Assert.Equal(_content[..100], client.Receive(116)[16..]);
        Assert.True(client.IsClosed());
        // close_notify in TLS 1.3: two bytes of alert, one of type, 16 of the cipher. SslStream takes an end without it for a good one.
        Assert.Equal([0x17, 3, 3, 0, 19], client.LastBytes(24)[..5]);
        await server.Serving;
    }

    [Fact]
    public async Task A_client_that_does_not_read_its_replies_is_disconnected()
    {
        await using var server = Serve(new ArrayDevice(_content), new NbdServerOptions { SendTimeout = TimeSpan.FromMilliseconds(200) });
        await using var good = await ConnectAsync(server);
        using var bad = Enter(server);

        bad.Send([.. Enumerable.Range(0, 20).SelectMany(i => RawClient.Request(RawClient.Read, 0, 4 << 20, cookie: i))]);

        await server.Log.WaitForAsync("the client does not read its replies");
        await AssertReadsAsync(good);
    }

    [Fact]
    public async Task A_client_that_stops_in_the_middle_of_a_write_does_not_keep_its_memory()
    {
        await using var server = Serve(new ArrayDevice(_content), new NbdServerOptions { SendTimeout = TimeSpan.FromMilliseconds(200) });
        using var bad = Enter(server);

        bad.Send([.. RawClient.Request(RawClient.Write, 0, 1 << 20), .. new byte[1000]]);

        await server.Log.WaitForAsync("the client stopped in the middle of a request");
        Assert.True(bad.IsClosed());
        Assert.Equal(0, server.Room.Held);
    }

    [Fact]
    public async Task A_client_that_is_cut_off_in_the_middle_of_a_record_disturbs_nobody()
    {
        await using var server = Serve(new ArrayDevice(_content));
        await using var good = await ConnectAsync(server);
        using var raw = server.Connect().Greet();
        using var client = TlsClient.Start(raw, _certificates.Root);
        Assert.Equal(RawClient.Ack, client.Ask(RawClient.Go, RawClient.InfoData("")));

        raw.Send(0x17, 3, 3, 1, 0, 1, 2, 3);
        raw.Socket.Shutdown(SocketShutdown.Send);

        await server.Log.WaitForAsync("closed, export");
        await AssertReadsAsync(good);
    }

    [Fact]
    public async Task A_record_that_was_changed_on_the_way_ends_that_connection_alone()
    {
        var device = new ArrayDevice(_content.ToArray());
        await using var server = Serve(device);
        await using var good = await ConnectAsync(server);
        using var raw = server.Connect().Greet();
        using var client = TlsClient.Start(raw, _certificates.Root);
        Assert.Equal(RawClient.Ack, client.Ask(RawClient.Go, RawClient.InfoData("")));

        raw.Send([0x17, 3, 3, 0, 40, .. new byte[40]]);

        await server.Log.WaitForAsync("receiving failed");
        Assert.Empty(device.Changes);
        await AssertReadsAsync(good);
    }

    [Fact]
    public async Task Our_client_wants_the_right_authority()
    {
        await using var server = Serve(new ArrayDevice(_content));
        using var others = new TestCertificates();

        var error = await Assert.ThrowsAsync<NbdException>(
            () => NbdClient.ConnectAsync(UriOf(server) with { TlsCertificates = others.Folder }, Token));

        Assert.Contains("errors in the certificate chain", error.Message, StringComparison.Ordinal);
        // .NET looks at a certificate after its side of the handshake is sent, so that the server only sees it leave.
        await server.Log.WaitForAsync("closed, export");
    }

    [Fact]
    public async Task Our_client_wants_the_right_name()
    {
        _certificates.WriteServer(TestCertificates.MakeAuthority("elsewhere.example", _certificates.Root));
        await using var server = Serve(new ArrayDevice(_content));

        var error = await Assert.ThrowsAsync<NbdException>(() => ConnectAsync(server));

        Assert.Contains("name", error.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Our_client_shows_its_certificate()
    {
        _certificates.WriteClient(_certificates.MakeClient("reader"));
        await using var server = Serve(new ArrayDevice(_content), peers: new TlsPeers(["reader"]));
        await using var client = await ConnectAsync(server);

        await AssertReadsAsync(client);
        Assert.Equal("", Assert.Single(await NbdClient.ListAsync(UriOf(server), Token)).Name);
    }

    [Fact]
    public async Task Our_client_says_so_where_the_server_has_no_TLS()
    {
        await using var server = new RunningServer(new ArrayDevice(_content));

        var error = await Assert.ThrowsAsync<NbdException>(() => ConnectAsync(server));

        Assert.Contains("without TLS", error.Message, StringComparison.Ordinal);
    }

    private RunningServer Serve(IBlockDevice device, NbdServerOptions? options = null, TlsPeers? peers = null)
    {
        var tls = TlsServer.Load(
            TlsFiles.InFolder(_certificates.Folder), peers, TlsDemand.Required, TimeProvider.System, NullLogger.Instance);
        return new RunningServer(device, (options ?? new NbdServerOptions()) with { Tls = tls });
    }

    private NbdUri UriOf(RunningServer server) =>
        server.Uri() with { Protection = NbdProtection.Tls, TlsCertificates = _certificates.Folder };

    private Task<NbdClient> ConnectAsync(RunningServer server) => NbdClient.ConnectAsync(UriOf(server), Token);

    private TlsClient Enter(RunningServer server)
    {
        var raw = server.Connect().Greet();
        var client = TlsClient.Start(raw, _certificates.Root);
        Assert.Equal(RawClient.Ack, client.Ask(RawClient.Go, RawClient.InfoData("")));
        return client;
    }

    private async Task AssertReadsAsync(NbdClient client)
    {
        var buffer = new byte[100];
        await client.ReadAsync(5, buffer, Token);
        Assert.Equal(_content.AsSpan(5, 100).ToArray(), buffer);
    }
}
