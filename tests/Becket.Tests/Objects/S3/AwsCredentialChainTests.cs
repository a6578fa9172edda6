using Becket.Objects;
using Becket.Objects.S3;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Becket.Tests.Objects.S3;

public sealed class AwsCredentialChainTests : IDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("becket-aws-");
    private readonly Dictionary<string, string> _variables = new(StringComparer.Ordinal);
    private readonly FakeTimeProvider _time = new();

    public AwsCredentialChainTests()
    {
        Directory.CreateDirectory(Path.Combine(_home.FullName, ".aws"));
        _variables["HOME"] = _home.FullName;
        _variables["AWS_EC2_METADATA_DISABLED"] = "true";
        Write(
            "[default]\naws_access_key_id = DEFAULTKEY\naws_secret_access_key = s1\n"
            + "[lab]\naws_access_key_id = LABKEY\naws_secret_access_key = s2\naws_session_token = t2\n");
    }

    public void Dispose() => _home.Delete(recursive: true);

    [Fact]
    public async Task The_default_profile_is_used_where_nothing_is_set() => Assert.Equal(new("DEFAULTKEY", "s1", null), await GetAsync());

    [Fact]
    public async Task A_profile_named_in_the_environment_is_used()
    {
        _variables["AWS_PROFILE"] = "lab";

        Assert.Equal(new("LABKEY", "s2", "t2"), await GetAsync());
    }

    [Fact]
    public async Task Keys_in_the_environment_come_before_its_profile_but_after_one_given_by_name()
    {
        _variables["AWS_PROFILE"] = "lab";
        _variables["AWS_ACCESS_KEY_ID"] = "ENVKEY";
        _variables["AWS_SECRET_ACCESS_KEY"] = "s3";
        _variables["AWS_SESSION_TOKEN"] = "t3";

        Assert.Equal(new("ENVKEY", "s3", "t3"), await GetAsync());
        Assert.Equal(new("DEFAULTKEY", "s1", null), await GetAsync("default"));
    }

    [Fact]
    public async Task An_access_key_without_its_secret_is_an_error()
    {
        _variables["AWS_ACCESS_KEY_ID"] = "ENVKEY";
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => GetAsync());

        Assert.Contains("AWS_SECRET_ACCESS_KEY is not; set both", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "nowhere")]
    [InlineData("nowhere", null)]
    public async Task A_profile_that_does_not_exist_is_an_error_that_names_the_others(string? given, string? variable)
    {
        if (variable is not null)
            _variables["AWS_PROFILE"] = variable;
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => GetAsync(given));

        Assert.Equal(ObjectStoreError.NoCredentials, e.Error);
        Assert.Contains("there is no profile 'nowhere'", e.Message, StringComparison.Ordinal);
        Assert.EndsWith("they have: default, lab", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_any_the_error_says_where_was_looked_and_what_to_do()
    {
        Write("[default]\nregion = eu-west-1\n");
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => GetAsync());

        Assert.Equal(ObjectStoreError.NoCredentials, e.Error);
        foreach (var words in (string[])["AWS_ACCESS_KEY_ID", "profile 'default'", "EC2 instance", "--profile", "--no-sign-request"])
            Assert.Contains(words, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Credentials_that_cannot_be_loaded_name_their_source()
    {
        Write("[default]\ncredential_process = /no/such/program\n");
        var e = await Assert.ThrowsAsync<ObjectStoreException>(() => GetAsync());

        Assert.Equal(ObjectStoreError.NoCredentials, e.Error);
        Assert.Contains("credentials of profile 'default' cannot be loaded", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_keys_are_the_same_instance_however_often_they_are_asked_for()
    {
        using var chain = Chain();
        var first = await chain.GetAsync(Token);
        _time.Advance(TimeSpan.FromMinutes(5));

        Assert.Same(first, await chain.GetAsync(Token));
    }

    [Fact]
    public async Task Refused_credentials_are_looked_up_anew()
    {
        using var chain = Chain();
        var old = (await chain.GetAsync(Token))!;
        Assert.Same(old, await chain.RefreshAsync(old, Token));

        Write("[default]\naws_access_key_id = NEWKEY\naws_secret_access_key = s9\n");
        var renewed = (await chain.RefreshAsync(old, Token))!;
        Assert.Equal("NEWKEY", renewed.AccessKey);
        Assert.Same(renewed, await chain.GetAsync(Token));
        Assert.Same(renewed, await chain.RefreshAsync(old, Token)); // a second request that was refused with the old ones
    }

    [Fact]
    public async Task A_renewal_that_fails_leaves_the_credentials_at_hand()
    {
        var script = Path.Combine(_home.FullName, "keys");
        Write($"[default]\ncredential_process = /bin/cat {script}\n");
        await File.WriteAllTextAsync(
            script,
            $$"""
            {
              "Version":1,"AccessKeyId":"PROCKEY","SecretAccessKey":"s","SessionToken":"t",
              "Expiration":"{{TimeProvider.System.GetUtcNow().AddMinutes(1):yyyy-MM-ddTHH:mm:ssZ}}"
            }
            """,
            Token);
        using var chain = Chain();
        var first = await chain.GetAsync(Token);
        Assert.Equal(new("PROCKEY", "s", "t"), first);

        File.Delete(script);
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Same(first, await chain.GetAsync(Token));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private async Task<S3Credentials?> GetAsync(string? profile = null)
    {
        using var chain = Chain(profile);
        return await chain.GetAsync(Token);
    }

    private AwsCredentialChain Chain(string? profile = null)
    {
        var credentialsFile = Path.Combine(_home.FullName, ".aws", "credentials");
        var lookup = new AwsCredentialLookup(profile, name => _variables.GetValueOrDefault(name), credentialsFile, _time);
        return new AwsCredentialChain(lookup, _time, NullLogger.Instance);
    }

    private void Write(string credentials) => File.WriteAllText(Path.Combine(_home.FullName, ".aws", "credentials"), credentials);
}
