using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Nbd;

/// <summary>TLS with clients and certificates that nobody here wrote: libnbd and QEMU (both GnuTLS), OpenSSL's own tools.</summary>
public sealed class TlsTests(RealStores stores) : InteropTest(stores)
{
    private string Pki => Folder["pki"];

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task Nbdcopy_makes_an_identical_copy(int connections)
    {
        Tool.Require("nbdcopy");
        await MakeCertificatesAsync();
        await using var becket = await ServeAsync(Source.File(await Stores.GetDiskAsync()), "--tls-verify-peer");

        await new Command("nbdcopy", $"--connections={connections}", UriOf(becket, Pki), Folder["copy.img"]).SucceedAsync(Token);

        await AssertSameBytesAsync(await Stores.GetDiskAsync(), Folder["copy.img"]);
        await becket.StopAsync(Token);
    }

    [Fact]
    public async Task Nbdcopy_writes_an_identical_copy()
    {
        Tool.Require("nbdcopy");
        await MakeCertificatesAsync();
        var path = Folder["target.img"];
        using (var file = File.Create(path))
            file.SetLength(48 << 20);
        await using var becket = await ServeAsync(Source.File(path), "--writable");

        await new Command("nbdcopy", "--flush", await Stores.GetDiskAsync(), UriOf(becket, Pki)).SucceedAsync(Token);

        await becket.StopAsync(Token);
        await AssertSameBytesAsync(await Stores.GetDiskAsync(), path);
    }

    [Fact]
    public async Task Captive_command_finds_TLS_in_its_uri()
    {
        Tool.Require("nbdinfo");
        await MakeCertificatesAsync();

        foreach (var where in (string[][])[[], ["-p", "0"]])
        {
            var serve = BecketServer.CommandFor(
                Source.File(NewDisk(1 << 20)), [.. where, "--tls-certificates", Pki, "--run", "echo \"$uri\"; nbdinfo --size \"$uri\""]);
            var outcome = await serve.SucceedAsync(Token);

            Assert.StartsWith("nbds", outcome.Output, StringComparison.Ordinal);
            Assert.EndsWith($"\n{1 << 20}\n", outcome.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Qemu_img_finds_the_disk_identical_and_shows_its_certificate()
    {
        Tool.Require("qemu-img");
        await MakeCertificatesAsync();
        await using var becket = await ServeAsync(Source.File(await Stores.GetDiskAsync()), "--tls-allow-name", "reader");

        var compare = await new Command(
            "qemu-img", "compare",
            "--object", $"tls-creds-x509,id=tls0,endpoint=client,dir={Pki}",
            "--image-opts",
            $"driver=raw,file.driver=nbd,file.path={becket.Socket},file.tls-creds=tls0,file.tls-hostname=localhost",
            $"driver=raw,file.driver=file,file.filename={await Stores.GetDiskAsync()}").SucceedAsync(Token);

        Assert.Equal("Images are identical.\n", compare.Output);
        await becket.StopAsync(Token);
    }

    [Fact]
    public async Task Client_without_TLS_is_told_that_it_is_required()
    {
        Tool.Require("nbdinfo");
        await MakeCertificatesAsync();
        await using var becket = await ServeAsync(Source.File(NewDisk(1 << 20)));

        await new Command("nbdinfo", becket.Uri).EndWithAsync(1, Token);

        await AssertServesAsync(becket);
    }

    [Fact]
    public async Task Client_without_TLS_is_served_where_TLS_is_only_offered()
    {
        Tool.Require("nbdinfo");
        await MakeCertificatesAsync();
        await using var becket = await ServeAsync(Source.File(NewDisk(1 << 20)), "--tls", "on");

        await new Command("nbdinfo", becket.Uri).SucceedAsync(Token);

        await AssertServesAsync(becket);
    }

    [Theory]
    [InlineData("none", "shows no certificate")]
    [InlineData("stranger", "has none of the names")]
    [InlineData("expired", "NotTimeValid")]
    [InlineData("foreign", "is not accepted")]
    [InlineData("revoked", "\"CN=reader\", serial number 00FFEEDDCCBBAA99, is revoked")]
    public async Task Client_that_is_not_wanted_fails_and_the_server_says_why_and_goes_on(string client, string reason)
    {
        Tool.Require("nbdinfo");
        await MakeCertificatesAsync();
        await using var becket = await ServeAsync(Source.File(NewDisk(1 << 20)), "--tls-allow-name", "reader");

        await new Command("nbdinfo", "--size", UriOf(becket, Folder[client])).EndWithAsync(1, Token);

        await becket.Errors.WaitForLineAsync("becket: warning: ", Token);
        Assert.Contains(reason, becket.Errors.ToString(), StringComparison.Ordinal);
        await AssertServesAsync(becket);
    }

    [Fact]
    public async Task Client_that_does_not_trust_the_server_fails_and_the_server_says_why_and_goes_on()
    {
        Tool.Require("nbdinfo");
        await MakeCertificatesAsync();
        // Verified over TCP: libnbd trusts whoever made a unix socket.
        var port = FreePort();
        await using var becket = BecketServer.CommandFor(
            Source.File(NewDisk(1 << 20)), "-p", $"{port}", "-P", Folder["pid"], "--tls-certificates", Pki).Start();
        await FileIsThereAsync(Folder["pid"], becket);

        await new Command("nbdinfo", "--size", $"nbds://localhost:{port}/?tls-certificates={Folder["foreign"]}").EndWithAsync(1, Token);
        await becket.Errors.WaitForLineAsync("becket: warning: ", Token);
        var info = await new Command("nbdinfo", "--size", $"nbds://localhost:{port}/?tls-certificates={Pki}").SucceedAsync(Token);

        Assert.Contains("no TLS: ", becket.Errors.ToString(), StringComparison.Ordinal);
        Assert.Equal($"{1 << 20}\n", info.Output);
    }

    [Fact]
    public async Task List_of_revoked_certificates_of_a_foreign_authority_is_refused_at_the_start()
    {
        await MakeCertificatesAsync();
        File.Copy(Folder["foreign/ca-crl.pem"], Folder["pki/ca-crl.pem"], overwrite: true);

        var serve = BecketServer.CommandFor(Source.File(NewDisk(1 << 20)), "--tls-certificates", Pki, "--tls-verify-peer");
        var outcome = await serve.EndWithAsync(1, Token);

        Assert.Contains("\"CN=Authority of foreign\", who is not among the authorities", outcome.Errors, StringComparison.Ordinal);
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static string UriOf(BecketServer server, string certificates) =>
        $"nbds+unix:///?socket={server.Socket}&tls-certificates={certificates}";

    private Task<BecketServer> ServeAsync(Source source, params IEnumerable<string> options) =>
        BecketServer.StartAsync(source.With(["--tls-certificates", Pki, .. options]), Token);

    private async Task AssertServesAsync(BecketServer becket)
    {
        var info = await new Command("nbdinfo", "--size", UriOf(becket, Pki)).SucceedAsync(Token);
        Assert.Equal((1 << 20).ToString(CultureInfo.InvariantCulture) + "\n", info.Output);
        await becket.StopAsync(Token);
    }

    private Task MakeCertificatesAsync() => CertificateFolders.MakeAsync(Folder.Path, Token);
}
