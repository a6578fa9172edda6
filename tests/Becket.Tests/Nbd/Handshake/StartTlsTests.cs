using System.Security.Authentication;
using Becket.Nbd;
using Becket.Nbd.Tls;
using Microsoft.Extensions.Logging.Abstractions;

namespace Becket.Tests.Nbd.Handshake;

/// <summary>The rules of STARTTLS (proto.md, "TLS support"), byte by byte.</summary>
public sealed class StartTlsTests : IDisposable
{
    private const uint ErrTlsReqd = 0x80000005;

    private readonly TestCertificates _certificates = new();
    private readonly byte[] _content = new byte[100_000];

    public StartTlsTests() => new Random(8).NextBytes(_content);

    public static TheoryData<uint> OtherOptions =>
    [
        RawClient.List, RawClient.Info, RawClient.Go, RawClient.StructuredReply, RawClient.ListMetaContext, RawClient.SetMetaContext,
        11, 77,
    ];

    public void Dispose() => _certificates.Dispose();

    [Theory]
    [MemberData(nameof(OtherOptions))]
    public async Task Where_TLS_is_required_every_other_option_is_told_so_and_the_session_lives(uint option)
    {
        await using var server = Serve(TlsDemand.Required);
        using var client = server.Connect().Greet();

        Assert.Equal(ErrTlsReqd, client.Ask(option, RawClient.InfoData("")));
        Assert.Equal(ErrTlsReqd, client.Ask(option));
        Assert.Equal(RawClient.Ack, client.Ask(RawClient.StartTls));
    }

    [Fact]
    public async Task Where_TLS_is_required_ABORT_is_still_acknowledged()
    {
        await using var server = Serve(TlsDemand.Required);
        using var client = server.Connect().Greet();

        Assert.Equal(RawClient.Ack, client.Ask(RawClient.Abort));
        Assert.True(client.IsClosed());
    }

    [Fact]
    public async Task Where_TLS_is_required_EXPORT_NAME_closes()
    {
        await using var server = Serve(TlsDemand.Required);
        using var client = server.Connect().Greet();

        client.SendOption(RawClient.ExportName);

        Assert.True(client.IsClosed());
        await server.Log.WaitForAsync("did not start TLS");
    }

    [Fact]
    public async Task Where_TLS_is_offered_clients_may_do_without()
    {
        await using var server = Serve(TlsDemand.Offered);
        using var client = server.Connect().EnterSimple();

        client.SendRequest(RawClient.Read, 0, 0, cookie: 4);

        Assert.Equal((0u, 4L), client.ReceiveSimple());
        await server.Log.WaitForAsync("not encrypted");
    }

    [Theory]
    [InlineData(TlsDemand.Offered, SslProtocols.Tls12)]
    [InlineData(TlsDemand.Offered, SslProtocols.Tls13)]
    [InlineData(TlsDemand.Required, SslProtocols.Tls12)]
    [InlineData(TlsDemand.Required, SslProtocols.Tls13)]
    public async Task Bytes_come_through_TLS(TlsDemand demand, SslProtocols protocol)
    {
        await using var server = Serve(demand);
        using var client = StartTls(server, protocols: protocol);

        Assert.Equal(RawClient.Ack, client.Ask(RawClient.Go, RawClient.InfoData("")));

        Assert.Equal(_content, client.Read(0, (uint)_content.Length));
        Assert.Equal(_content[77..99], client.Read(77, 22));
        await server.Log.WaitForAsync(protocol.ToString());
    }

    [Fact]
    public async Task EXPORT_NAME_works_within_TLS()
    {
        await using var server = Serve(TlsDemand.Required);
        using var client = StartTls(server);

        client.SendOption(RawClient.ExportName);

        Assert.Equal(RawClient.Big((ulong)_content.Length), client.Receive(10)[..8]);
        Assert.Equal(_content[..10], client.Read(0, 10));
    }

    /// <summary>The greeting of a client that knows nothing newer, byte by byte: libraries do not send it any more.</summary>
    [Theory]
    [InlineData(0, "version too low")]
    [InlineData(1, "unsupported protocol")]
    [InlineData(2, "unsupported protocol")]
    public async Task Versions_before_TLS_1_2_are_refused(byte minor, string reason)
    {
        await using var server = Serve(TlsDemand.Required);
        using var client = server.Connect().Greet();
        Assert.Equal(RawClient.Ack, client.Ask(RawClient.StartTls));
        byte[] hello = [3, minor, .. new byte[32], 0, 0, 8, 0xc0, 0x09, 0xc0, 0x0a, 0x00, 0x2f, 0x00, 0x35, 1, 0];

        client.Send([0x16, 3, 1, 0, (byte)(hello.Length + 4), 1, 0, 0, (byte)hello.Length, .. hello]);

        await server.Log.WaitForAsync($"no TLS: the TLS handshake failed: {reason}");
        Assert.True(client.Socket.Receive(new byte[100]) is 0 or 7, "more than an alert");
    }

    [Fact]
    public async Task STARTTLS_with_data_is_invalid_and_the_session_lives()
    {
        await using var server = Serve(TlsDemand.Required);
        using var client = server.Connect().Greet();

        Assert.Equal(RawClient.ErrInvalid, client.Ask(RawClient.StartTls, 1, 2, 3));
        Assert.Equal(RawClient.Ack, client.Ask(RawClient.StartTls));
    }

    [Fact]
    public async Task A_second_STARTTLS_is_invalid_and_the_session_lives()
    {
        await using var server = Serve(TlsDemand.Required);
        using var client = StartTls(server);

        Assert.Equal(RawClient.ErrInvalid, client.Ask(RawClient.StartTls));
        Assert.Equal(RawClient.Ack, client.Ask(RawClient.StructuredReply));
    }

    /// <summary>Structured replies from before TLS are gone: meta contexts need them, and reads are answered in the simple style.</summary>
    [Fact]
    public async Task What_was_negotiated_before_TLS_is_forgotten()
    {
        await using var server = Serve(TlsDemand.Offered);
        using var raw = server.Connect().Greet();
        Assert.Equal(RawClient.Ack, raw.Ask(RawClient.StructuredReply));
        Assert.Equal(RawClient.Ack, raw.AskAll(RawClient.SetMetaContext, RawClient.MetaData("", "base:allocation")).Last().Type);
        using var client = TlsClient.Start(raw, _certificates.Root);

        Assert.Equal(RawClient.ErrInvalid, client.Ask(RawClient.SetMetaContext, RawClient.MetaData("", "base:allocation")));
        Assert.Equal(RawClient.Ack, client.Ask(RawClient.Go, RawClient.InfoData("")));
        Assert.Equal(_content[..10], client.Read(0, 10));
        client.Send(RawClient.Request(RawClient.BlockStatus, 0, 100, cookie: 6));
        Assert.Equal([.. RawClient.Big(0x67446698u), .. RawClient.Big(RawClient.EINVAL), .. RawClient.Big(6ul)], client.Receive(16));
    }

    /// <summary>Somebody in between puts an option behind STARTTLS, for the server to take it for one that came through TLS.</summary>
    [Fact]
    public async Task Plain_text_behind_STARTTLS_closes_the_connection_before_it_is_acknowledged()
    {
        await using var server = Serve(TlsDemand.Offered);
        using var client = server.Connect().Greet();

        client.Send(
        [
            .. "IHAVEOPT"u8, .. RawClient.Big(RawClient.StartTls), .. RawClient.Big(0u),
            .. "IHAVEOPT"u8, .. RawClient.Big(RawClient.StructuredReply), .. RawClient.Big(0u),
        ]);

        Assert.True(client.IsClosed());
        await server.Log.WaitForAsync("something followed STARTTLS");
    }

    [Fact]
    public async Task Plain_text_instead_of_TLS_closes_the_connection()
    {
        await using var server = Serve(TlsDemand.Required);
        using var client = server.Connect().Greet();
        Assert.Equal(RawClient.Ack, client.Ask(RawClient.StartTls));

        client.SendOption(RawClient.Go, RawClient.InfoData(""));

        // What the server says to that is an alert, if anything.
        for (var left = 100; left > 0 && !client.IsClosed(); left--)
        {
        }

        Assert.True(client.IsClosed());
        await server.Log.WaitForAsync("no TLS");
    }

    [Fact]
    public async Task A_client_that_says_nothing_after_STARTTLS_is_dropped()
    {
        await using var server = Serve(TlsDemand.Required, new NbdServerOptions { HandshakeTimeout = TimeSpan.FromMilliseconds(200) });
        using var client = server.Connect().Greet();
        Assert.Equal(RawClient.Ack, client.Ask(RawClient.StartTls));

        Assert.True(client.IsClosed());
        await server.Log.WaitForAsync("the client stalled in the handshake");
    }

    /// <summary>Each byte comes in time; all of them together do not.</summary>
    [Fact]
    public async Task A_client_that_drips_its_side_of_TLS_is_dropped()
    {
        await using var server = Serve(TlsDemand.Required, new NbdServerOptions { HandshakeTimeout = TimeSpan.FromMilliseconds(200) });
        using var client = server.Connect().Greet();
        Assert.Equal(RawClient.Ack, client.Ask(RawClient.StartTls));

        // A record of a handshake with 16 KiB to come.
        client.Send(0x16, 0x03, 0x01, 0x40, 0x00);
        var stalled = server.Log.WaitForAsync("the client stalled in the handshake");
        using var drops = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        try
        {
            while (!stalled.IsCompleted && await drops.WaitForNextTickAsync(TestContext.Current.CancellationToken))
                client.Send(1);
        }
        catch (System.Net.Sockets.SocketException)
        {
            // Dropped.
        }

        await stalled;
        Assert.True(client.IsClosed());
    }

    [Fact]
    public async Task A_client_that_stalls_between_options_within_TLS_is_dropped()
    {
        await using var server = Serve(TlsDemand.Required, new NbdServerOptions { HandshakeTimeout = TimeSpan.FromSeconds(1) });
        using var client = StartTls(server);

        client.Send("IHAVE"u8);

        Assert.True(client.IsClosed());
        await server.Log.WaitForAsync("the client stalled in the handshake");
    }

    private RunningServer Serve(TlsDemand demand, NbdServerOptions? options = null)
    {
        var tls = TlsServer.Load(TlsFiles.InFolder(_certificates.Folder), peers: null, demand, TimeProvider.System, NullLogger.Instance);
        return new RunningServer(new ArrayDevice(_content), (options ?? new NbdServerOptions()) with { Tls = tls });
    }

    private TlsClient StartTls(RunningServer server, SslProtocols protocols = SslProtocols.None) =>
        TlsClient.Start(server.Connect().Greet(), _certificates.Root, protocols: protocols);
}
