using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Serving;

/// <summary>What people get wrong: exit status 1, or 2 for a wrong command line, and one sentence that says what and where.</summary>
public sealed class BadInputTests(RealStores stores) : InteropTest(stores)
{
    [Theory]
    [InlineData("serve", "nothing to serve")]
    [InlineData("serve --frobnicate {file}", "--frobnicate")]
    [InlineData("serve bucket=images key=disk.img frobnicate=1", "frobnicate")]
    [InlineData("serve -U {folder}/sock -s {file}", "-s")]
    [InlineData("serve -p many {file}", "many")]
    [InlineData("serve ftp://127.0.0.1/disk.img", "ftp")]
    [InlineData("serve s3://images/", "key")]
    [InlineData("serve s3:///disk.img", "bucket")]
    [InlineData("serve --tls require {file}", "--tls-certificates")]
    [InlineData("serve --tls maybe {file}", "maybe")]
    [InlineData("serve --tls-cert x.pem {file}", "--tls-key")]
    [InlineData("serve --tls-key x.pem {file}", "--tls-cert")]
    [InlineData("serve --tls-certificates x --tls-cert y {file}", "--tls-cert")]
    [InlineData("serve --tls-verify-peer {file}", "--tls-verify-peer")]
    [InlineData("serve --tls on --tls-certificates x --tls-allow-name y {file}", "--tls require")]
    [InlineData("serve --allow everybody {file}", "everybody")]
    [InlineData("serve --allow ::1 -U {folder}/sock {file}", "--allow-uid")]
    [InlineData("serve --allow-uid root {file}", "root")]
    [InlineData("serve --allow-gid 3 -p 0 {file}", "--allow-gid")]
    [InlineData("frobnicate", "frobnicate")]
    public Task Wrong_command_line_is_exit_status_2(string words, string named) => AssertRefusedAsync(2, words, named, []);

    [Theory]
    [InlineData("serve -U {folder}/sock {folder}/missing.img", "missing.img")]
    [InlineData("serve -U {folder}/sock {folder}", "{folder}")]
    [InlineData("serve -U {folder}/sock {folder}/empty.img", "empty.img")]
    [InlineData("serve -U {folder}/no/such/folder/sock {file}", "no/such/folder")]
    [InlineData("serve -p {port} {file}", "{port}")]
    [InlineData("serve --tls-certificates {folder}/pki {file}", "{folder}/pki/server-cert.pem")]
    [InlineData("serve --tls-cert {file} --tls-key {file} {file}", "{file}")]
    public Task Wrong_file_or_address_is_exit_status_1(string words, string named) => AssertRefusedAsync(1, words, named, []);

    [Theory]
    [InlineData("s3://images/missing.img --endpoint-url {endpoint}", "missing.img")]
    [InlineData("s3://no-such-bucket/disk.img --endpoint-url {endpoint}", "no-such-bucket")]
    [InlineData("s3://images/empty.img --endpoint-url {endpoint}", "empty.img")]
    [InlineData("s3://images/disk.img --endpoint-url http://127.0.0.1:1", "127.0.0.1:1")]
    [InlineData("s3://images/disk.img --endpoint-url http://no-such-host.invalid", "no-such-host.invalid")]
    [InlineData("http://127.0.0.1:1/disk.img", "127.0.0.1:1")]
    public async Task Wrong_object_or_endpoint_is_exit_status_1(string words, string named)
    {
        var store = await Stores.GetDevS3Async();
        await Stores.GetDiskInAsync(Place.DevS3);
        await File.WriteAllBytesAsync(store.PathOf(RealStores.Bucket, "empty.img"), [], Token);

        await AssertRefusedAsync(1, $"serve -U {{folder}}/sock {words}", named, store.Endpoint.Environment);
    }

    [Theory]
    [InlineData(Place.DevS3)]
    [InlineData(Place.RadosGateway)]
    public async Task Wrong_secret_key_is_exit_status_1(Place place)
    {
        var source = await Stores.GetDiskInAsync(place);
        var wrong = source.Environment.Select(
            variable => variable.Name is "AWS_SECRET_ACCESS_KEY" ? (variable.Name, "not-the-secret") : variable);

        await AssertRefusedAsync(1, $"serve -U {{folder}}/sock {string.Join(' ', source.Arguments)}", RealStores.DiskKey, [.. wrong]);
    }

    [Fact]
    public async Task Missing_credentials_are_exit_status_1()
    {
        var source = await Stores.GetDiskInAsync(Place.DevS3);

        await AssertRefusedAsync(1, $"serve -U {{folder}}/sock {string.Join(' ', source.Arguments)}", "credentials", []);
    }

    [Fact]
    public async Task Certificate_that_is_not_trusted_is_exit_status_1()
    {
        await using var web = await HttpImageServer.StartAsync(new byte[4096], HttpManners.SignsItsOwnCertificate, Token);

        await AssertRefusedAsync(1, $"serve -U {{folder}}/sock {web.Url}", "certificate", []);
    }

    [Fact]
    public async Task Web_server_without_ranges_is_exit_status_1()
    {
        await using var web = await HttpImageServer.StartAsync(new byte[4096], HttpManners.IgnoresRanges, Token);

        await AssertRefusedAsync(1, $"serve -U {{folder}}/sock {web.Url}", "range", []);
    }

    private async Task AssertRefusedAsync(int exitCode, string words, string named, IReadOnlyList<(string Name, string? Value)> environment)
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        await File.WriteAllBytesAsync(Folder["empty.img"], [], Token);
        var endpoint = words.Contains("{endpoint}", StringComparison.Ordinal)
            ? (await Stores.GetDevS3Async()).Endpoint.Url.OriginalString
            : "";
        var file = await Stores.GetDiskAsync();

        var becket = BecketServer.CommandFor(new Source([.. words.Split(' ').Select(Fill)], environment));
        // CommandFor puts its own "serve" first.
        var outcome = await (becket with { Arguments = [.. becket.Arguments.Skip(1)] }).EndWithAsync(exitCode, Token);

        var line = Assert.Single(outcome.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(Fill(named), line, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("not-the-secret", line, StringComparison.Ordinal);
        Assert.Empty(outcome.Output);

        string Fill(string word) => word
            .Replace("{folder}", Folder.Path, StringComparison.Ordinal)
            .Replace("{file}", file, StringComparison.Ordinal)
            .Replace("{port}", ((IPEndPoint)taken.LocalEndPoint!).Port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("{endpoint}", endpoint, StringComparison.Ordinal);
    }
}
