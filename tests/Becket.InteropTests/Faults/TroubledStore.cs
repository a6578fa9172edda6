using System.Globalization;
using Becket.DevS3;
using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Faults;

/// <summary>
/// A dev-s3 in this process, so that faults begin and end when a test says so, with a few objects of <see cref="KnownBytes"/>. It can be
/// stopped and started again under the same address, and with other keys.
/// </summary>
internal sealed class TroubledStore : IAsyncDisposable
{
    public const string Bucket = "images";
    public const int Size = 4 << 20;

    private readonly TemporaryFolder _folder = new();
    private readonly MountNamespace _namespace;
    private DevS3Server _server = null!;
    private int _generation;

    private TroubledStore(MountNamespace mountNamespace) => _namespace = mountNamespace;

    public DevS3Faults Faults { get; } = new();

    public OffsetTime Clock { get; } = new();

    public string AccessKey => string.Create(CultureInfo.InvariantCulture, $"KEY{_generation}");

    private string SecretKey => string.Create(CultureInfo.InvariantCulture, $"secret{_generation}");

    public string BucketFolder => _folder[$"store/{Bucket}"];

    public string HostsFile => _folder["hosts"];

    private string ProfileFile => _folder["credentials"];

    private string ProcessKeys => _folder["keys.json"];

    /// <summary>Starts it with objects of these names; the first is number 1.</summary>
    public static async Task<TroubledStore> StartAsync(IEnumerable<string> keys, CancellationToken cancellationToken)
    {
        var store = new TroubledStore((await TestContext.Current.GetFixture<MountNamespace>())!);
        Directory.CreateDirectory(store.BucketFolder);
        var number = 0;
        foreach (var key in keys)
            KnownBytes.Write(Path.Combine(store.BucketFolder, key), ++number, Size);
        await store.StartServerAsync(port: 0, cancellationToken);
        store.WriteProfile();
        store.WriteProcessKeys();
        await File.WriteAllTextAsync(
            store._folder["process"], $"[default]\ncredential_process = /bin/cat {store.ProcessKeys}\n", cancellationToken);
        store.KnowHost();
        return store;
    }

    /// <summary>The store without an object, for a client that takes its keys from here or there.</summary>
    public Source Source(KeyPlace place)
    {
        IReadOnlyList<(string, string?)> environment = place switch
        {
            KeyPlace.Environment => [("AWS_ACCESS_KEY_ID", AccessKey), ("AWS_SECRET_ACCESS_KEY", SecretKey)],
            KeyPlace.Profile => [("AWS_SHARED_CREDENTIALS_FILE", ProfileFile)],
            _ => [("AWS_CONFIG_FILE", _folder["process"]), ("AWS_SHARED_CREDENTIALS_FILE", _folder["none"])],
        };
        return new Source(["--endpoint-url", _server.Endpoint.OriginalString], environment);
    }

    /// <summary>The same store under a name that only the client's own hosts file knows.</summary>
    public Source SourceByName()
    {
        var source = Source(KeyPlace.Environment);
        var url = string.Create(CultureInfo.InvariantCulture, $"http://store.test:{_server.Endpoint.Port}");
        var order = _folder["nsswitch.conf"];
        File.WriteAllText(order, "hosts: files\n");
        var script = $"mount --bind '{HostsFile}' /etc/hosts && mount --bind '{order}' /etc/nsswitch.conf && exec \"$@\"";
        return source with
        {
            Arguments = ["--endpoint-url", url, "--s3-addressing", "path"],
            Prefix = [.. _namespace.Prefix, "sh", "-c", script, "sh"],
        };
    }

    public void KnowHost() => File.WriteAllText(HostsFile, "127.0.0.1 store.test\n");

    public void ForgetHost() => File.WriteAllText(HostsFile, "127.0.0.1 localhost\n");

    public ValueTask StopServerAsync() => _server.DisposeAsync();

    /// <summary>Starts what was stopped, at the same address.</summary>
    public Task StartServerAgainAsync(CancellationToken cancellationToken) => StartServerAsync(_server.Endpoint.Port, cancellationToken);

    /// <summary>Ends all connections.</summary>
    public async Task RestartServerAsync(CancellationToken cancellationToken)
    {
        await StopServerAsync();
        await StartServerAgainAsync(cancellationToken);
    }

    /// <summary>From now on other keys are right.</summary>
    public Task ChangeKeysAsync(CancellationToken cancellationToken)
    {
        _generation++;
        return RestartServerAsync(cancellationToken);
    }

    /// <summary>Writes the right keys into the profile.</summary>
    public void WriteProfile() => ReplaceFile(
        ProfileFile, $"[default]\naws_access_key_id = {AccessKey}\naws_secret_access_key = {SecretKey}\n");

    /// <summary>Lets the credential process print the right keys.</summary>
    public void WriteProcessKeys() => ReplaceFile(
        ProcessKeys,
        $$"""
        {
          "Version": 1,
          "AccessKeyId": "{{AccessKey}}",
          "SecretAccessKey": "{{SecretKey}}",
          "Expiration": "2100-01-01T00:00:00Z"
        }
        """);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    private static void ReplaceFile(string path, string content)
    {
        File.WriteAllText($"{path}.new", content);
        File.Move($"{path}.new", path, overwrite: true);
    }

    private async Task StartServerAsync(int port, CancellationToken cancellationToken) => _server = await DevS3Server.StartAsync(
        new DevS3Options
        {
            Folder = Path.GetDirectoryName(BucketFolder)!,
            Port = port,
            AccessKey = AccessKey,
            SecretKey = SecretKey,
            Faults = Faults,
            Time = Clock,
        },
        cancellationToken);
}

/// <summary>Where a client finds its keys.</summary>
internal enum KeyPlace
{
    Environment,
    Profile,
    Process,
}
