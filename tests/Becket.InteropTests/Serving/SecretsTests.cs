using System.Globalization;
using System.Net;
using Amazon.S3;
using Amazon.S3.Model;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Becket.InteropTests.Serving;

/// <summary>Whatever goes well or wrong, with <c>-v</c>: no key, token, password or query of a URL is written anywhere.</summary>
public sealed class SecretsTests(RealStores stores) : InteropTest(stores)
{
    private const string Secret = "T0pSecretT0pSecretT0pSecretT0pSecretT0pS";
    private const string Token2 = "SessionT0kenSessionT0ken";
    private const string Query = "X-Amz-Signature=S1gnatureS1gnature";
    private const string Password = "Passw0rdPassw0rd";

    private static readonly string[] Secrets = [Secret, Token2, Query, "S1gnature", Password];

    [Theory]
    [InlineData("s3://images/disk.img --endpoint-url {endpoint}")]
    [InlineData("s3://images/missing.img --endpoint-url {endpoint}")]
    [InlineData("s3://no-such-bucket/disk.img --endpoint-url {endpoint}")]
    [InlineData("s3://images/disk.img --endpoint-url http://127.0.0.1:1")]
    [InlineData("s3://images/disk.img --endpoint-url {tls}")]
    [InlineData("s3://images/disk.img --endpoint-url {web}/broken")]
    public async Task Wrong_keys_are_in_no_message(string words)
    {
        await using var web = await StartWebAsync();
        await using var tls = await HttpImageServer.StartAsync([1], HttpManners.SignsItsOwnCertificate, Token);
        var endpoint = (await Stores.GetDevS3Async()).Endpoint;
        await Stores.GetDiskInAsync(Place.DevS3);
        var arguments = words.Replace("{endpoint}", endpoint.Url.OriginalString.TrimEnd('/'), StringComparison.Ordinal)
            .Replace("{tls}", tls.Url.GetLeftPart(UriPartial.Authority), StringComparison.Ordinal)
            .Replace("{web}", web.Urls.First(), StringComparison.Ordinal).Split(' ');

        var environment = new Source(
            arguments,
            [("AWS_ACCESS_KEY_ID", endpoint.AccessKey), ("AWS_SECRET_ACCESS_KEY", Secret), ("AWS_SESSION_TOKEN", Token2)]);
        await RunAsync(environment, fails: true);
        var credentials = Folder["credentials"];
        await File.WriteAllTextAsync(
            credentials,
            $"[default]\naws_access_key_id = {endpoint.AccessKey}\naws_secret_access_key = {Secret}\naws_session_token = {Token2}\n",
            Token);
        await RunAsync(new Source([.. arguments, "--credentials-file", credentials], []), fails: true);
        await RunAsync(
            new Source([.. arguments, $"access_key={endpoint.AccessKey}", $"secret_key={Secret}", $"session_token={Token2}"], []),
            fails: true);
    }

    [Fact]
    public async Task The_right_keys_are_in_no_message_either()
    {
        var endpoint = (await Stores.GetDevS3Async()).Endpoint;
        var source = await Stores.GetDiskInAsync(Place.DevS3);
        var file = Folder["secret"];
        await File.WriteAllTextAsync(file, endpoint.SecretKey + "\n", Token);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        string[] words = [.. source.Arguments, $"access_key={endpoint.AccessKey}"];

        AssertNone(await RunAsync(source, fails: false), endpoint.SecretKey);
        var quiet = await RunAsync(new Source([.. words, $"secret_key=+{file}"], []), fails: false);
        AssertNone(quiet, endpoint.SecretKey);
        Assert.DoesNotContain("warning", quiet.Errors, StringComparison.Ordinal);

        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        var warned = await RunAsync(new Source([.. words, $"secret_key=+{file}"], []), fails: false);
        Assert.Contains($"chmod 600 {file}", warned.Errors, StringComparison.Ordinal);
        var shown = await RunAsync(new Source([.. words, $"secret_key={endpoint.SecretKey}"], []), fails: false);
        AssertNone(shown, endpoint.SecretKey);
        Assert.Contains("secrets given on the command line", shown.Errors, StringComparison.Ordinal);

        var command = BecketServer.CommandFor(new Source([.. words, "secret_key=-9"], []), "-v", "--run", "true");
        var line = string.Join(' ', command.Arguments.Prepend(command.Program).Select(word => $"'{word}'"));
        var piped = await (Command.Shell($"exec 9<'{file}'; {line}") with { Environment = command.Environment }).SucceedAsync(Token);
        AssertNone(piped, endpoint.SecretKey);
    }

    [Theory]
    [InlineData("/disk.img", false)]
    [InlineData("/redirect", false)]
    [InlineData("/redirect-to-missing", true)]
    [InlineData("/missing", true)]
    [InlineData("/forbidden", true)]
    [InlineData("/broken", true)]
    public async Task Query_and_password_of_a_url_are_in_no_message(string path, bool fails)
    {
        await using var web = await StartWebAsync();
        var url = new UriBuilder(web.Urls.First() + path) { UserName = "user", Password = Password, Query = Query };

        await RunAsync(Source.File(url.Uri.OriginalString), fails);
    }

    [Fact]
    public async Task Query_and_password_are_in_no_message_where_TLS_or_the_connection_fails()
    {
        await using var tls = await HttpImageServer.StartAsync([1], HttpManners.SignsItsOwnCertificate, Token);
        var url = new UriBuilder(tls.Url) { UserName = "user", Password = Password, Query = Query };

        await RunAsync(Source.File(url.ToString()), fails: true);
        await RunAsync(Source.File($"https://user:{Password}@127.0.0.1:1/disk.img?{Query}"), fails: true);
        await RunAsync(Source.File($"https://user:{Password}@no-such-host.invalid/disk.img?{Query}"), fails: true);
        await RunAsync(Source.File($"https://user:{Password}@:bad:/disk.img?{Query}"), fails: true);
        await RunAsync(
            new Source(
                ["s3://images/disk.img", "--endpoint-url", $"http://user:{Password}@127.0.0.1:1/?{Query}"],
                [("AWS_ACCESS_KEY_ID", "A"), ("AWS_SECRET_ACCESS_KEY", Secret)]),
            fails: true);
    }

    [Fact]
    public async Task A_presigned_url_that_was_mounted_is_in_no_file_and_no_command_line()
    {
        Tool.RequireRoot();
        Tool.RequireFile("/dev/fuse");
        await Stores.GetDiskInAsync(Place.DevS3);
        using var client = (await Stores.GetDevS3Async()).Endpoint.CreateClient();
        var url = await client.GetPreSignedURLAsync(new GetPreSignedUrlRequest
        {
            BucketName = RealStores.Bucket,
            Key = RealStores.DiskKey,
            Protocol = Protocol.HTTP,
            Expires = TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(10),
        });
        var signature = System.Web.HttpUtility.ParseQueryString(new Uri(url).Query)["X-Amz-Signature"]!;
        Directory.CreateDirectory(Folder["run"]);
        IReadOnlyList<(string, string?)> environment = [("BECKET_RUNTIME_DIR", Folder["run"])];

        var log = Path.Combine(Folder["run"], "log.txt");
        var attach = new Command(Repository.Becket, "attach", "--via", "fuse", "--log-file", log, url) { Environment = environment };
        var attached = await attach.SucceedAsync(Token);
        try
        {
            AssertNone(attached, signature);
            var listed = await new Command(Repository.Becket, "list", "--json") { Environment = environment }.SucceedAsync(Token);
            AssertNone(listed, signature);
            Assert.NotEmpty(Directory.GetFiles(Folder["run"], "state.json", SearchOption.AllDirectories));
            await Command.Shell($"! grep -rlsF --exclude-dir=image -- '{signature}' '{Folder["run"]}'").SucceedAsync(Token);
            var processes = Directory.GetDirectories("/proc").Where(IsBecket).ToList();
            Assert.NotEmpty(processes);
            foreach (var file in processes.SelectMany(static folder => (string[])[$"{folder}/cmdline", $"{folder}/environ"]))
                Assert.DoesNotContain(signature, TextOf(file), StringComparison.Ordinal);
        }
        finally
        {
            await new Command(Repository.Becket, "detach", "--all") { Environment = environment }.SucceedAsync(Token);
        }
    }

    private static bool IsBecket(string process)
    {
        try
        {
            return File.ResolveLinkTarget($"{process}/exe", returnFinalTarget: false)?.FullName == Repository.Becket;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // no process, one of the kernel, or one that has just ended
        }
    }

    /// <summary>Nothing where the process has ended: others run beside these tests.</summary>
    private static string TextOf(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    /// <summary>Serves, or verifies, with -v; looks for all secrets in all that was said.</summary>
    private async Task<ProcessOutcome> RunAsync(Source source, bool fails)
    {
        var serve = BecketServer.CommandFor(source, "-v", "--run", "true") with { TimeLimit = TimeSpan.FromMinutes(2) };
        var outcome = await serve.RunAsync(Token);
        Assert.True(fails == (outcome.ExitCode != 0), $"exit status {outcome.ExitCode}: {outcome.Errors}");
        Assert.Equal(fails, outcome.Errors.Length > 0 && outcome.ExitCode != 0);
        AssertNone(outcome, Secrets);
        return outcome;
    }

    private static void AssertNone(ProcessOutcome outcome, params IEnumerable<string> secrets) => Assert.All(
        secrets, secret => Assert.DoesNotContain(secret, outcome.Output + outcome.Errors, StringComparison.Ordinal));

    private async Task<WebApplication> StartWebAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var web = builder.Build();
        var image = new byte[64 << 10];
        web.Run(context => context.Request.Path.Value switch
        {
            "/disk.img" => Results.Bytes(image, enableRangeProcessing: true).ExecuteAsync(context),
            "/redirect" => Results.Redirect($"/disk.img?{Query}", permanent: false, preserveMethod: true).ExecuteAsync(context),
            "/redirect-to-missing" => Results.Redirect($"/missing?{Query}").ExecuteAsync(context),
            "/forbidden" => Results.Text(
                string.Create(
                    CultureInfo.InvariantCulture, $"<Error><Code>AccessDenied</Code><StringToSign>{Query}</StringToSign></Error>"),
                statusCode: 403).ExecuteAsync(context),
            "/missing" => Results.Text(Query, statusCode: 404).ExecuteAsync(context),
            _ => Results.Text(Query, statusCode: 400).ExecuteAsync(context),
        });
        await web.StartAsync(Token);
        return web;
    }
}
